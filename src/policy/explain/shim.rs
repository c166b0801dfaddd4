use crate::slot::Schedule;
use chrono::{NaiveDate, NaiveTime};
use std::collections::BTreeSet;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub not_after: Option<NaiveTime>,
}
pub trait Shim {
    fn window(&self) -> Window;
    fn holidays(&self) -> &BTreeSet<NaiveDate>;
    fn plain_english(&self) -> String;
    fn plain_french(&self) -> String;
}
static NONE: BTreeSet<NaiveDate> = BTreeSet::new();
impl Shim for Schedule {
    fn window(&self) -> Window {
        Window::default()
    }
    fn holidays(&self) -> &BTreeSet<NaiveDate> {
        &NONE
    }
    fn plain_english(&self) -> String {
        self.text().to_owned()
    }
    fn plain_french(&self) -> String {
        self.text().to_owned()
    }
}
