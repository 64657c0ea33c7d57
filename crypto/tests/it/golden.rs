//! Our own derivations and layouts, held still. Every value here was computed by an independent implementation (Python's
//! `cryptography` and a textbook BLAKE3) from the module docs alone. A test that fails here means that existing
//! identities, bottles or files would be lost: change the format number, never the value.

use meteorite_crypto::body::{self, BodyKey};
use meteorite_crypto::keyfile::KeyFile;
use meteorite_crypto::letter;
use meteorite_crypto::root::Root;
use meteorite_crypto::sign::{Domain, SigningKey};
use meteorite_crypto::stamp::{claim_work_bits, rarity_roll, stamp_bits};
use meteorite_crypto::storage::{BackupKey, StorageKey};
use meteorite_crypto::vault::{self, KdfParams, Kind};
use zeroize::Zeroizing;

use crate::support::{Script, counting, hex, hex_array};

#[test]
fn keys_from_the_root() {
    let root = root();
    let persona = root.persona();
    assert_eq!(
        *persona.seed(),
        hex_array("11df9dcbdebf226e60fe483f7b2682870313f154f647a979e013bc1a256decab")
    );
    assert_eq!(
        persona.public(),
        hex_array("fdbe4b4f39565be1cd00d64629f52af03eb072edbcb87b119a78f11f8b44f98c")
    );
    let bottle = root.bottle_keys(&counting(0xa0));
    assert_eq!(
        bottle.author.public(),
        hex_array("d87e6086f3a77b215013e227a239ade812090f91fd5174a7a69a790d1822025e")
    );
    assert_eq!(
        bottle.reply.public(),
        hex_array("296c17fce4aeaeb077f46bfde9b072e744b30d49ea94841925d48e24ec959a4f")
    );
}

#[test]
fn signatures_of_each_domain() {
    let key = SigningKey::from_seed(&[7; 32]);
    for (domain, signature) in [
        (
            Domain::Header,
            "b10226a24c1176bc3a8564d5c1456ac80ea3057af9024c9bae989727d7fc95598f105e77589f0ab7b18fe50c46d65605ccb5e67248fa174084e7c56e01e96f04",
        ),
        (
            Domain::Claim,
            "d0c81b9e351063cfee8d8924f7124b2a656135965a4518d8f16fd5d0801172203e27f53c73fa9c981a097af65986ccf22ae55bc4aaeac4db3f0c7a14a1a74e06",
        ),
        (
            Domain::ThrowBack,
            "181be74c82b8da8bbe253adc783c45f84450e4d6d46522081e0ea157f156df1156ea572acc7108ce612bd48a6954464cdea950b098e05078d844b1b23d0f6c03",
        ),
        (
            Domain::Withdrawal,
            "a2440b97b585e859c7160a096a3d27e75ffd0b0ba5a8e463367707e25a79f0f5246b18d8d6afd2595e2a686215af60dbb863b13c8fed8331a4b4b9d8b1f51c0d",
        ),
        (
            Domain::Recast,
            "c1fece1890450239ff16e46d0ba3ff0cdb1f8dc038fc11eedb4a389aee0a226f7c2a4d5aed81c1044a528434e52afa4b406fd3dfcb24a2bd15692c48ac12890c",
        ),
        (
            Domain::Deposit,
            "56ea925fdaa9d21e7767cb428f626470cd737720fb612f3c3c87988efb8a321d63ef55b47c4e932a7edeeabdae958c1544091484b42cadd0a385f668c87ac103",
        ),
        (
            Domain::Receipt,
            "0dc0b540afe8d7cffc6dc9adc73405b0512ed99860999c11a37a785f9e30980c63c8be5919c119ef8e3ab2933f42126a8743aca5cd10ec3bae11c899ec927a05",
        ),
        (
            Domain::Invite,
            "5fd119b748fe93f98c6ef1dfa053d4037d4c415e6b3902ddccbead418743d03d9645f97301c27451675f1521e86d356d139a57554421ec79eb1699edff1a6601",
        ),
    ] {
        assert_eq!(key.sign(domain, b"payload"), hex_array(signature), "{domain:?}");
    }
}

#[test]
fn stamps_work_and_rarity() {
    let stamps: Vec<u32> = (0..12)
        .map(|counter| stamp_bits(&[1; 32], EPOCH, counter))
        .collect();
    assert_eq!(stamps, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
    assert_eq!(stamp_bits(&[1; 32], EPOCH, 3_550), 13);

    let work = |counter| claim_work_bits(&[2; 32], &[0x81, 0x00], &[3; 32], counter);
    assert_eq!(
        (0..12).map(work).collect::<Vec<_>>(),
        [0, 5, 3, 1, 1, 4, 0, 0, 1, 0, 0, 1]
    );
    assert_eq!(work(8_816), 12);

    let rolls: Vec<u32> = (0..6).map(|stamp| rarity_roll(&[1; 32], EPOCH, stamp)).collect();
    assert_eq!(rolls, [9_007, 1_274, 1_205, 1_206, 319, 7_058]);
}

#[test]
fn a_sealed_body() {
    let key = BodyKey::from_bytes(&[9; 32]);
    let sealed = body::seal_body(&key, b"hello, stranger", b"aad", &mut nonce()).unwrap();
    assert_eq!(sealed.len(), 256);
    assert_eq!(
        blake3::hash(&sealed).to_hex().as_str(),
        "9a0f656b55d2ab7d2d139c373599bdbfb87fbdec79ee02d2a9a8f2a5c2fc8b88"
    );
}

#[test]
fn a_sealed_letter() {
    let to = hex_array("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
    let mut ikm = Script(hex(
        "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
    ));
    let sealed =
        letter::seal_letter(&to, b"meteorite/1/letter", b"envelope", b"good night", &mut ikm).unwrap();
    assert_eq!(
        sealed.enc,
        hex_array("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
    );
    assert_eq!(sealed.ct.len(), 512);
    assert_eq!(
        blake3::hash(&sealed.ct).to_hex().as_str(),
        "ebc1e74bdc45c0ad02217a956ec3c542aa5a38f8d0fcb5cd6c2fa41f233cba26"
    );
}

#[test]
fn stored_values() {
    let column = hex(concat!(
        "01000102030405060708090a0b0c0d0e0f1011121314151617",
        "c6c6465e8205f3d479902b39e3ed64eee9b6500696b00a63c298a5f191",
    ));
    let key = root().storage_key();
    assert_eq!(
        key.seal("letter.text/7", b"a stored text", &mut nonce()).unwrap(),
        column
    );
    let same = StorageKey::from_bytes(&hex_array(
        "7d9a48276f8449af886f6e7c7366282732276dc3f74c97f971a70d03726ffcde",
    ));
    assert_eq!(
        same.open("letter.text/7", &column).unwrap().as_slice(),
        b"a stored text"
    );

    let part = hex(concat!(
        "01000102030405060708090a0b0c0d0e0f1011121314151617",
        "5198d7acb00c69c43df6c5270475344e5fd223de4c07d7911fb2e68485",
    ));
    let key = root().backup_key();
    assert_eq!(key.seal("letters", b"a backup part", &mut nonce()).unwrap(), part);
    let same = BackupKey::from_bytes(&hex_array(
        "459413f55da576729169dd5f73a0f5e65295794047616d95087347acf0907aa3",
    ));
    assert_eq!(same.open("letters", &part).unwrap().as_slice(), b"a backup part");
}

#[test]
fn a_vault() {
    let golden = hex(concat!(
        "4d4554454f5256540102000000400202000102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f1011121314151617",
        "dccb61b89d508c88482ececa426c6185309240d75285822f",
    ));
    let params = KdfParams::new(64, 2, 2).unwrap();
    let passphrase = "Zoë’s passphrase";
    let mut draws = Script::of(&[&counting::<16>(0), &counting::<24>(0)]);
    let made = vault::seal(Kind::Backup, passphrase, b"a backup", params, &mut draws).unwrap();
    assert_eq!(made, golden);
    // The same keys pressed where the dots of the ë come as a letter of their own.
    let decomposed = "Zoe\u{308}’s passphrase";
    for typed in [passphrase, decomposed] {
        assert_eq!(
            vault::open(Kind::Backup, typed, &golden).unwrap().as_slice(),
            b"a backup"
        );
    }
}

#[test]
fn a_key_file() {
    let golden = hex(concat!(
        "4d4554454f5256540101000000200101000102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f1011121314151617",
        "48eddcf64cc5f52a974d84f51f491eaa819dc48c42c677e8e483abc4c778127afff5f5ccb2d9ce53",
        "dfe1887648aed6c786c0a3c04791c82b7c6314efd2ccd0a983da6852c775a85d8a0f8ac22d48b549",
        "5ed4b9dab9c3a17a7a290333d5cb7dfdf298407af4517ad9daae23d0046c0c888d0cf28dc1fbf510",
        "2b",
    ));
    let key_file = KeyFile {
        root: root(),
        libp2p_secret: Zeroizing::new([0x11; 32]),
        iroh_secret: Zeroizing::new([0x22; 32]),
        created_at_ms: 1_770_000_000_000,
    };
    let params = KdfParams::new(32, 1, 1).unwrap();
    let mut draws = Script::of(&[&counting::<16>(0), &counting::<24>(0)]);
    assert_eq!(
        key_file.seal("correct horse", params, &mut draws).unwrap(),
        golden
    );
    assert_eq!(KeyFile::open("correct horse", &golden).unwrap(), key_file);
}

fn root() -> Root {
    Root::from_bytes(&counting(0))
}

fn nonce() -> Script {
    Script::of(&[&counting::<24>(0)])
}

const EPOCH: u32 = 2_951_234;
