//! The headless bootstrap server.
