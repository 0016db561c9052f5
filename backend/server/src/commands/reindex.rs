//! `lakegate reindex`.
