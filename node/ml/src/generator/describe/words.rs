//! The words of the descriptions, by language.

/// A language that stones are described in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tongue {
    /// English, also for languages without words of their own.
    #[default]
    English,
    /// Chinese, simplified.
    Chinese,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
}

impl Tongue {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::English, Self::Chinese, Self::Spanish, Self::Japanese];

    /// The tongue of a language tag or locale such as `zh-Hans` or `es_MX.UTF-8`; English for any other.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let code = tag.split(['-', '_', '.']).next().unwrap_or_default();
        match code.to_ascii_lowercase().as_str() {
            "zh" => Self::Chinese,
            "es" => Self::Spanish,
            "ja" => Self::Japanese,
            _ => Self::English,
        }
    }
}

/// Pieces of the sentence; places for them in braces.
pub(super) struct Words {
    pub(super) sentence: &'static str,
    /// Small, middling, large.
    pub(super) sizes: [&'static str; 3],
    /// Long, round, angular, jagged, spiked.
    pub(super) shapes: [&'static str; 5],
    /// In the order of the moods; the last one is plain rock.
    pub(super) materials: [&'static str; 9],
    pub(super) moods: [&'static str; 8],
    pub(super) no_mood: &'static str,
    pub(super) one_mood: &'static str,
    pub(super) two_moods: &'static str,
    /// From common to legendary.
    pub(super) rarities: [&'static str; 5],
    pub(super) rarity: &'static str,
    pub(super) end: &'static str,
}

impl Words {
    pub(super) fn of(tongue: Tongue) -> &'static Self {
        match tongue {
            Tongue::English => &ENGLISH,
            Tongue::Chinese => &CHINESE,
            Tongue::Spanish => &SPANISH,
            Tongue::Japanese => &JAPANESE,
        }
    }
}

const ENGLISH: Words = Words {
    sentence: "A {size}, {shape} meteorite {material}, {feeling}",
    sizes: ["small", "middling", "large"],
    shapes: ["long", "round", "angular", "jagged", "spiked"],
    materials: [
        "with crystals of gold",
        "with a window of ringed agate",
        "with hollows that seem to look back",
        "with a burst of coloured gems",
        "under a crust of ice",
        "under shining slime",
        "with veins of lava",
        "in glowing layers, with a tail of flames",
        "of plain rock",
    ],
    moods: [
        "joy",
        "trust",
        "fear",
        "surprise",
        "sadness",
        "disgust",
        "anger",
        "anticipation",
    ],
    no_mood: "at peace",
    one_mood: "full of {a}",
    two_moods: "full of {a} and {b}",
    rarities: ["common", "uncommon", "rare", "epic", "legendary"],
    rarity: "; it is {rarity}",
    end: ".",
};

const CHINESE: Words = Words {
    sentence: "一块{size}、{shape}的陨石，{material}，{feeling}",
    sizes: ["小小的", "不大不小", "大大的"],
    shapes: ["长长", "圆润", "有棱角", "嶙峋", "布满尖刺"],
    materials: [
        "长着金色的水晶",
        "嵌着一圈圈玛瑙",
        "空洞里仿佛有目光",
        "迸出五彩的宝石",
        "覆着一层冰",
        "淌着发亮的黏液",
        "流着熔岩的脉络",
        "层理发光，拖着火焰",
        "只是朴素的岩石",
    ],
    moods: ["喜悦", "信任", "恐惧", "惊讶", "悲伤", "厌恶", "愤怒", "期待"],
    no_mood: "平静安然",
    one_mood: "满含{a}",
    two_moods: "满含{a}与{b}",
    rarities: ["普通", "少见", "稀有", "史诗", "传说"],
    rarity: "；品级：{rarity}",
    end: "。",
};

const SPANISH: Words = Words {
    sentence: "Un meteorito {size} y {shape} {material}, {feeling}",
    sizes: ["pequeño", "mediano", "grande"],
    shapes: ["alargado", "redondo", "anguloso", "escarpado", "erizado de púas"],
    materials: [
        "con cristales de oro",
        "con una ventana de ágata anillada",
        "con huecos que parecen mirar",
        "con un estallido de gemas de colores",
        "bajo una costra de hielo",
        "bajo un limo brillante",
        "con venas de lava",
        "de capas luminosas, con una cola de llamas",
        "de roca sencilla",
    ],
    moods: [
        "alegría",
        "confianza",
        "miedo",
        "sorpresa",
        "tristeza",
        "asco",
        "ira",
        "expectación",
    ],
    no_mood: "en calma",
    one_mood: "lleno de {a}",
    two_moods: "lleno de {a} y {b}",
    rarities: ["común", "poco común", "raro", "épico", "legendario"],
    rarity: "; es {rarity}",
    end: ".",
};

const JAPANESE: Words = Words {
    sentence: "{size}、{shape}隕石。{material}、{feeling}",
    sizes: ["小さくて", "ほどよい大きさで", "大きくて"],
    shapes: ["細長い", "丸い", "角ばった", "ごつごつした", "とげだらけの"],
    materials: [
        "金色の結晶をまとい",
        "瑪瑙の輪をのぞかせ",
        "見つめ返すような空洞をもち",
        "色とりどりの宝石がはじけ",
        "氷におおわれ",
        "光る粘液におおわれ",
        "溶岩の筋が走り",
        "光る層と炎の尾をもち",
        "飾りのない岩で",
    ],
    moods: ["喜び", "信頼", "恐れ", "驚き", "悲しみ", "嫌悪", "怒り", "期待"],
    no_mood: "静かに落ち着いている",
    one_mood: "{a}に満ちている",
    two_moods: "{a}と{b}に満ちている",
    rarities: ["コモン", "アンコモン", "レア", "エピック", "レジェンド"],
    rarity: "。希少度は{rarity}",
    end: "。",
};
