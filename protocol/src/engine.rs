//! The engine that composes the state machines.

mod io;

pub use io::{
    BottleRow, CallId, ClaimsRow, Command, CommandId, Content, Effect, End, EntryPlan, EquivocationRow, Event, Input,
    MessageHandle, Protocol, PublicationId, Refusal, RequestHandle, Row,
};
