//! CBOR diagnostic notation (RFC 8949 §8), so that snapshots can be read.

use ipld_core::ipld::Ipld;

/// The value of some dag-cbor bytes, one field of a map or list per line.
pub(crate) fn notation(bytes: &[u8]) -> String {
    let value: Ipld = serde_ipld_dagcbor::from_slice(bytes).unwrap();
    let mut out = String::new();
    write(&value, 0, &mut out);
    out
}

/// Hex in lines of 32 bytes.
pub(crate) fn hex_lines(bytes: &[u8]) -> String {
    bytes.chunks(32).map(hex::encode).collect::<Vec<_>>().join("\n")
}

fn write(value: &Ipld, depth: usize, out: &mut String) {
    match value {
        Ipld::Null => out.push_str("null"),
        Ipld::Bool(truth) => out.push_str(&truth.to_string()),
        Ipld::Integer(number) => out.push_str(&number.to_string()),
        Ipld::Float(number) => out.push_str(&number.to_string()),
        Ipld::String(text) => out.push_str(&format!("{text:?}")),
        Ipld::Bytes(bytes) if bytes.len() > 80 => {
            out.push_str(&format!(
                "h'{}…' ({} bytes)",
                hex::encode(&bytes[..16]),
                bytes.len()
            ));
        }
        Ipld::Bytes(bytes) => out.push_str(&format!("h'{}'", hex::encode(bytes))),
        Ipld::Link(cid) => out.push_str(&format!("42({cid})")),
        Ipld::List(items) => {
            let lines = items.iter().map(|item| (None, item)).collect();
            block(('[', ']'), lines, depth, out);
        }
        Ipld::Map(map) => {
            let lines = map.iter().map(|(key, item)| (Some(key.as_str()), item)).collect();
            block(('{', '}'), lines, depth, out);
        }
    }
}

fn block(brackets: (char, char), lines: Vec<(Option<&str>, &Ipld)>, depth: usize, out: &mut String) {
    out.push(brackets.0);
    let empty = lines.is_empty();
    for (key, item) in lines {
        out.push('\n');
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            out.push_str(&format!("{key:?}: "));
        }
        write(item, depth + 1, out);
        out.push(',');
    }
    if !empty {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(brackets.1);
}
