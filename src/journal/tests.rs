//! The journal on a real disk: what it keeps, what it refuses, and what it survives.

mod damage;
mod fixture;
mod frames;
mod home;
mod index;
mod writing;
