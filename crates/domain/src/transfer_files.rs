//! The CH Stock Transfer File.
