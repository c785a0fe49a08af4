//! The few paths in which each engine has code of its own: COPY on PostgreSQL, prepared statements
//! on SQLite.

pub mod export;
