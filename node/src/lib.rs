//! The node: one actor around the pure cores, its effects and its handle.
