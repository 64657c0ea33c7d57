//! Blocks: put, get, bitswap, remove, and survival.

use std::time::{Duration, Instant};

use cid::Cid;
use meteorite_net::{ContentError, Role};
use multihash_codetable::{Code, MultihashDigest as _};

use crate::harness::{PATIENCE, QUIC, TestNode, config, quic_node};

fn cid(bytes: &[u8]) -> Cid {
    Cid::new_v1(0x71, Code::Sha2_256.digest(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn block_comes_over_bitswap_from_a_neighbour() {
    let (holder, seeker) = (quic_node().await, quic_node().await);
    seeker.connect(&holder).await;
    let block = vec![0x41; 6_000];
    holder
        .net
        .content()
        .put_block(cid(&block), block.clone())
        .await
        .unwrap();
    let found = seeker
        .net
        .content()
        .fetch(&cid(&block), &[holder.id()], Instant::now() + PATIENCE)
        .await;
    assert_eq!(found, Ok(block.clone()));
    assert_eq!(
        seeker.net.content().get_local(&cid(&block)).await,
        Ok(Some(block.clone())),
        "a fetched block stays"
    );
    let other = vec![0x42; 10];
    holder
        .net
        .content()
        .put_block(cid(&other), other.clone())
        .await
        .unwrap();
    assert_eq!(
        seeker
            .net
            .content()
            .fetch(&cid(&other), &[], Instant::now() + PATIENCE)
            .await,
        Ok(other),
        "without a hint"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_verified_listed_and_removed() {
    let node = quic_node().await;
    let content = node.net.content();
    assert_eq!(
        content.put_block(cid(b"one"), b"two".to_vec()).await,
        Err(ContentError::Mismatch)
    );
    for text in [&b"one"[..], b"two"] {
        content.put_block(cid(text), text.to_vec()).await.unwrap();
    }
    assert_eq!(content.list().await.unwrap().len(), 2);
    assert_eq!(content.size().await, Ok(6));
    assert_eq!(content.remove_block(&cid(b"one")).await, Ok(true));
    assert_eq!(content.remove_block(&cid(b"one")).await, Ok(false));
    assert_eq!(content.get_local(&cid(b"one")).await, Ok(None));
    let soon = Instant::now() + Duration::from_millis(200);
    assert_eq!(
        content.fetch(&cid(b"nowhere"), &[], soon).await,
        Err(ContentError::NotFound)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(Role::Node, &[QUIC]);
    settings.data_dir = Some(folder.path().to_owned());
    let node = TestNode::start(settings.clone()).await;
    node.net
        .content()
        .put_block(cid(b"kept"), b"kept".to_vec())
        .await
        .unwrap();
    let content = node.net.content().clone();
    node.stop().await;
    assert_eq!(content.get_local(&cid(b"kept")).await, Err(ContentError::Closed));
    let node = TestNode::start(settings).await;
    assert_eq!(
        node.net.content().get_local(&cid(b"kept")).await,
        Ok(Some(b"kept".to_vec()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_block_is_fetched_anew_and_never_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(Role::Node, &[QUIC]);
    settings.data_dir = Some(folder.path().to_owned());
    let node = TestNode::start(settings).await;
    let (block, name) = (vec![0x41; 600], cid(&[0x41; 600]));
    node.net.content().put_block(name, block.clone()).await.unwrap();
    let file = files(folder.path())
        .into_iter()
        .find(|file| std::fs::read(file).is_ok_and(|bytes| bytes == block))
        .unwrap();
    std::fs::write(file, vec![0x42; 600]).unwrap();
    assert_eq!(node.net.content().get_local(&name).await, Ok(None));
    assert_eq!(node.net.content().contains(&name).await, Ok(false));
    let holder = quic_node().await;
    holder.net.content().put_block(name, block.clone()).await.unwrap();
    node.connect(&holder).await;
    let found = node
        .net
        .content()
        .fetch(&name, &[holder.id()], Instant::now() + PATIENCE)
        .await;
    assert_eq!(found, Ok(block));
}

/// All files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
