//! Files that are read again when their content changes. By content, every few seconds: a mounted Secret or ConfigMap
//! changes by the swap of a symbolic link, which watching files misses.

use std::time::Duration;

/// Reads again and again. Reports new content, and a failure to read once until it is over.
pub async fn watch<T, E>(
    mut known: T,
    every: Duration,
    read: impl Fn() -> Result<T, E> + Clone + Send + 'static,
    mut changed: impl FnMut(Result<&T, E>),
) where
    T: Eq + Send + 'static,
    E: Send + 'static,
{
    let mut unreadable = false;
    loop {
        tokio::time::sleep(every).await;
        // On another thread, since reading files blocks.
        let Ok(content) = tokio::task::spawn_blocking(read.clone()).await else { return };
        match content {
            Ok(content) if content == known && !unreadable => {}
            // Reported once for each content: a file may be half written now and complete at the next read.
            Ok(content) => {
                changed(Ok(&content));
                known = content;
                unreadable = false;
            }
            Err(error) if !unreadable => {
                changed(Err(error));
                unreadable = true;
            }
            Err(_) => {}
        }
    }
}
