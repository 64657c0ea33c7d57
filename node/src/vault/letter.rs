//! Sealing a letter and opening one.

use meteorite_crypto::letter::{ReplySecret, SealedLetter, open_letter, seal_letter};
use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{Nonce, ReplyKey, Signature};
use meteorite_protocol::thread::Turn;
use meteorite_protocol::wire::letter::LETTER_INFO;
use meteorite_protocol::wire::{
    Claim, Deposit, Envelope, Extensions, Header, Letter, LetterContent, Payload, Signed, Wire,
};
use rand::CryptoRng;

/// What a letter is about: the public facts that travel with it.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// The bottle's signed header.
    pub(crate) header: Signed<Header>,
    /// The finder's signed claim.
    pub(crate) claim: Signed<Claim>,
}

/// A letter ready for the outbox.
pub(crate) struct SealedDeposit {
    /// What mailboxes get.
    pub(crate) deposit: Signed<Deposit>,
    /// The secret half of the key in it, to which the answer will be sealed.
    pub(crate) reply: ReplySecret,
}

/// What is said, and whether the writer would go on.
pub(crate) struct Saying {
    pub(crate) content: LetterContent,
    pub(crate) keep: bool,
}

/// Seals a letter for its turn and signs its deposit. `None` only for a reply key that nobody can open, or a letter beyond its
/// limits.
pub(crate) fn seal(
    about: About,
    turn: &Turn,
    saying: Saying,
    signer: &SigningKey,
    rng: &mut impl CryptoRng,
) -> Option<SealedDeposit> {
    let reply = ReplySecret::generate(rng);
    let letter = Letter {
        v: Letter::VERSION,
        content: saying.content,
        reply_key: ReplyKey(reply.public()),
        keep: saying.keep,
        x: Extensions::default(),
    };
    let mut envelope = Envelope {
        v: Envelope::VERSION,
        nonce: about.header.value().nonce,
        bottle: about.header.bottle(),
        seq: turn.seq,
        from: turn.from,
        to: turn.to,
        enc: ReplyKey([0; 32]),
        ct: Vec::new().into(),
    };
    let aad = envelope.aad(&about.claim.value().claimant);
    let sealed = seal_letter(&turn.to.0, LETTER_INFO, &aad, &letter.encode(), rng).ok()?;
    envelope.enc = ReplyKey(sealed.enc);
    envelope.ct = sealed.ct.into();
    let payload = Deposit {
        header: about.header,
        claim: about.claim,
        envelope,
    }
    .encode();
    let signature = Signature(signer.sign(Deposit::DOMAIN, &payload));
    Some(SealedDeposit {
        deposit: Signed::from_parts(payload, signature).ok()?,
        reply,
    })
}

/// Opens a letter with the secret of the key that it is sealed to.
pub(crate) fn open(deposit: &Deposit, secret: &ReplySecret) -> Option<Letter> {
    let envelope = &deposit.envelope;
    let sealed = SealedLetter {
        enc: envelope.enc.0,
        ct: envelope.ct.as_slice().to_vec(),
    };
    let aad = envelope.aad(&deposit.claim.value().claimant);
    let plain = open_letter(secret, &sealed, LETTER_INFO, &aad).ok()?;
    Letter::decode(&plain).ok()
}

/// The secret of a bottle's own reply key.
pub(crate) fn bottle_secret(root: &meteorite_crypto::root::Root, nonce: &Nonce) -> ReplySecret {
    root.bottle_keys(&nonce.0).reply
}
