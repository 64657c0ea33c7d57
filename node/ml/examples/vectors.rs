//! Turns messages into the vectors of the matcher's exam: gist, mood and language, no text.
//!
//! `cargo run --release -p meteorite-ml --example vectors -- OUT FILE...` reads one message a line and writes 73 bytes for each: 64 signed
//! bytes of gist, 8 bytes of mood and the language's place in [`LANGUAGES`]; lines in other languages are left out.
#![expect(clippy::print_stdout, reason = "it prints the hash")]

use std::error::Error;

use meteorite_ml::matcher::LANGUAGES;
use meteorite_ml::parser::Parser;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args_os().skip(1);
    let out = paths.next().ok_or("vectors OUT FILE...")?;
    let parser = Parser::shipped()?;
    let mut vectors = Vec::new();
    for path in paths {
        for line in std::fs::read_to_string(path)?.lines() {
            let analysis = parser.parse(line);
            let known = LANGUAGES.iter().position(|code| *code == analysis.language.code);
            let Some(language) = known else { continue };
            vectors.extend(analysis.gist.iter().map(|value| value.cast_unsigned()));
            vectors.extend(analysis.mood.iter().map(|p| (p * 255.0).round() as u8));
            vectors.push(language as u8);
        }
    }
    println!("{}  {} vectors", blake3::hash(&vectors), vectors.len() / 73);
    Ok(std::fs::write(out, vectors)?)
}
