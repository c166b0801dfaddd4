//! The journal on a real disk: what it keeps, what it refuses, and what it survives.

#![allow(clippy::panic)] // A panic is how a test fails.

mod backup;
mod damage;
mod fixture;
mod frames;
mod growth;
mod home;
mod in_force;
mod index;
mod old;
mod origin;
mod writing;
