//! Metrics, health and the dashboard: read-only.
