//! Telling people: who is told what, once, by which way, whatever happens to the mail server.
#![allow(clippy::unwrap_used)]

mod letters;
mod mail;
mod market;
mod people;
mod world;
