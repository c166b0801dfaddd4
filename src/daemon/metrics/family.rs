//! Declaring metrics, and the text of a scrape. Remembers each declared family, because the library leaves out the ones
//! without a series and a name that is absent cannot be alerted on.

use super::MetricsError;
use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use std::fmt::Write;

const PREFIX: &str = "treasuryd";

/// Upper bounds in seconds, from a loopback sandbox to a request's whole time-out and a slow cycle.
const SECONDS: [f64; 11] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

#[derive(Debug)]
struct Declared {
    name: String,
    kind: &'static str,
    help: &'static str,
}

/// The registry and what was declared in it.
#[derive(Debug)]
pub(super) struct Families {
    registry: Registry,
    declared: Vec<Declared>,
}

/// `labels` as a const slice of names.
type Labels<'a> = &'a [&'a str];

impl Families {
    pub(super) fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let process = prometheus::process_collector::ProcessCollector::for_self();
        registry
            .register(Box::new(process))
            .map_err(|source| MetricsError::Declare { name: "process collector", source })?;
        Ok(Self { registry, declared: Vec::new() })
    }

    pub(super) fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
    ) -> Result<IntCounterVec, MetricsError> {
        self.keep(name, "counter", help, IntCounterVec::new(opts(name, help), labels))
    }

    pub(super) fn amounts(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
    ) -> Result<CounterVec, MetricsError> {
        self.keep(name, "counter", help, CounterVec::new(opts(name, help), labels))
    }

    pub(super) fn seconds(&mut self, name: &'static str, help: &'static str) -> Result<Counter, MetricsError> {
        self.keep(name, "counter", help, Counter::with_opts(opts(name, help)))
    }

    pub(super) fn integer(&mut self, name: &'static str, help: &'static str) -> Result<IntGauge, MetricsError> {
        self.keep(name, "gauge", help, IntGauge::with_opts(opts(name, help)))
    }

    pub(super) fn integers(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
    ) -> Result<IntGaugeVec, MetricsError> {
        self.keep(name, "gauge", help, IntGaugeVec::new(opts(name, help), labels))
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str) -> Result<Gauge, MetricsError> {
        self.keep(name, "gauge", help, Gauge::with_opts(opts(name, help)))
    }

    pub(super) fn gauges(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
    ) -> Result<GaugeVec, MetricsError> {
        self.keep(name, "gauge", help, GaugeVec::new(opts(name, help), labels))
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &'static str) -> Result<Histogram, MetricsError> {
        self.keep(name, "histogram", help, Histogram::with_opts(histogram_opts(name, help)))
    }

    pub(super) fn histograms(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels<'_>,
    ) -> Result<HistogramVec, MetricsError> {
        self.keep(name, "histogram", help, HistogramVec::new(histogram_opts(name, help), labels))
    }

    /// The text format of everything gathered, then the headers of the families that have no series yet.
    pub(super) fn text(&self) -> Result<String, MetricsError> {
        let gathered = self.registry.gather();
        let mut text = TextEncoder::new().encode_to_string(&gathered).map_err(MetricsError::Encode)?;
        for Declared { name, kind, help } in &self.declared {
            if gathered.iter().any(|family| family.name() == name) {
                continue;
            }
            // Writing into a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        Ok(text)
    }

    fn keep<C: Collector + Clone + 'static>(
        &mut self,
        name: &'static str,
        kind: &'static str,
        help: &'static str,
        made: prometheus::Result<C>,
    ) -> Result<C, MetricsError> {
        let because = |source| MetricsError::Declare { name, source };
        let collector = made.map_err(because)?;
        self.registry.register(Box::new(collector.clone())).map_err(because)?;
        self.declared.push(Declared { name: format!("{PREFIX}_{name}"), kind, help });
        Ok(collector)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(PREFIX)
}

fn histogram_opts(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::new(name, help).namespace(PREFIX).buckets(SECONDS.to_vec())
}
