//! Fuzzes lines of the control socket; the checks are in `meteorite_protocol::fuzzing`, and the corpus is replayed by the tests of that crate.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| meteorite_protocol::fuzzing::control(data));
