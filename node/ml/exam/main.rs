//! proto
#![allow(warnings)]
mod config; mod contenders; mod dice; mod gaussian; mod play; mod population; mod world; mod vectors; mod people; mod drifting; mod sea;
use contenders::*; use config::*;
use meteorite_ml::matcher::prior::Prior;
fn main() {
    if std::env::args().nth(4).as_deref() == Some("sea") { let c: Config = toml::from_str(&std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap()).unwrap(); let v = vectors::shipped(); let s = c.sea.unwrap(); use sea::*; for m in [(Choosing::Matcher, Attack::None),(Choosing::Random, Attack::None),(Choosing::Relevance, Attack::None),(Choosing::Matcher, Attack::OpenSea),(Choosing::Matcher, Attack::Locked)] { let t = std::time::Instant::now(); let o = Sea::new(&s, &v, m, 1).play(); println!("{m:?} {o:.3?} {:?}", t.elapsed()); } return; }
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let c: Config = toml::from_str(&text).unwrap();
    let seeds: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let rounds: usize = std::env::args().nth(3).unwrap().parse().unwrap();
    let only = std::env::args().nth(4);
    for w in &c.world {
        if only.as_ref().is_some_and(|o| *o != w.name) { continue; }
        let t = std::time::Instant::now();
        println!("== {}", w.name);
        let mut ways = vec![Way::Random, Way::Matcher(1.0), Way::Greedy, Way::LinUcb(0.25), Way::LinUcb(1.0), Way::LinTs(0.3), Way::LinTs(1.0), Way::SquareCb(10.0), Way::SquareCb(40.0)];
        for b in [2.0,3.0,5.0] { ways.extend([Way::Ceiling(b), Way::EpsilonTrue(b), Way::Matcher(b), Way::EpsilonGreedy(b), Way::InverseGap(b)]); }
        let mut rows: Vec<Vec<f64>> = vec![vec![0.0; 9]; ways.len()];
        let prior = if w.prior { population::learn(w, 1, 100, 1500) } else { Prior::flat() };
        println!("prior {:?}", t.elapsed());
        if w.kind == Kind::Vectors { println!("{:?}", prior.mean.map(|m| (m*100.0).round()/100.0)); }
        for seed in 0..seeds {
            let mut who: Vec<_> = ways.iter().map(|way| Contender::new(format!("{way:?}"), *way, &prior)).collect();
            let lives = play::play(w, (1, seed), &mut who, rounds);
            for (i, l) in lives.iter().enumerate() {
                let v = [l.share(0,25), l.share(90,110), l.share(0,100), l.share(0,500), l.share(0,2000), l.share(0,rounds), l.share(2000,4000), l.breadth(2000,4000), who[i].changes() as f64];
                for k in 0..9 { rows[i][k] += v[k]/seeds as f64; }
            }
        }
        for (i, way) in ways.iter().enumerate() { println!("{:24} {}", format!("{way:?}"), rows[i].iter().map(|v| format!("{v:.3}")).collect::<Vec<_>>().join(" ")); }
        println!("{:?}", t.elapsed());
    }
}
