//! Offers, requests, the board, the stock rules and the excess view, on both databases.
#![allow(clippy::unwrap_used)]

mod board;
mod offering;
mod requesting;
mod rules;
mod world;
