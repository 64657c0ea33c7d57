//! The long-lived tasks of a server, each with a name, each joined when it ends.
//!
//! Only [`crate::Bootstrap::start`] spawns here. A task ends when its token is cancelled or its queue closes; one that
//! panicked or does not end in time is reported by name, never forgotten.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::ShutdownError;

/// Named tasks in the order in which they were spawned, and the token that ends them.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    running: Vec<(&'static str, JoinHandle<()>)>,
    stop: CancellationToken,
}

impl Tasks {
    /// The token that tasks watch.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Spawns a task under a name. It must end when the token is cancelled.
    pub(crate) fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.running.push((name, tokio::spawn(task)));
    }

    /// Ends all tasks and waits for each, the last spawned first.
    pub(crate) async fn end(mut self) -> Result<(), ShutdownError> {
        self.stop.cancel();
        let mut first = Ok(());
        while let Some((name, task)) = self.running.pop() {
            let ended = join(name, task).await;
            first = first.and(ended);
        }
        first
    }
}

async fn join(name: &'static str, mut task: JoinHandle<()>) -> Result<(), ShutdownError> {
    let failed = |detail: String| ShutdownError::Task { name, detail };
    match tokio::time::timeout(JOIN_MAX, &mut task).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => {
            task.abort();
            Err(failed(format!(
                "it was still busy after {} seconds",
                JOIN_MAX.as_secs()
            )))
        }
    }
}

/// A task that needs longer than this to end is aborted and reported.
const JOIN_MAX: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_reported_by_name() {
        let mut tasks = Tasks::default();
        tasks.spawn("steady", async {});
        tasks.spawn("shaky", async { panic!("on purpose") });
        let error = tasks.end().await.unwrap_err().to_string();
        assert!(error.contains("shaky"), "{error}");
    }

    #[tokio::test]
    async fn the_token_ends_a_task() {
        let mut tasks = Tasks::default();
        let stop = tasks.stop_token();
        tasks.spawn("waiting", async move { stop.cancelled().await });
        tasks.end().await.unwrap();
    }
}
