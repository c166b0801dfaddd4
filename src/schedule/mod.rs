//! The heartbeat: tokio-cron-scheduler wakes the tasks once a second and decides nothing.
