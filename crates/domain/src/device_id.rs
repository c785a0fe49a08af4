//! device_id
