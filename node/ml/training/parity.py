"""Forty fixed inputs, written for the project, that Python and Rust must agree on (see export.py, parity.json)."""

LINES = [
    "",
    " \t\n",
    "...",
    "?!¡¿?!",
    "🙂",
    "🌠🌠 made a wish 🙏🏽✨",
    "Hello, stranger! I found your bottle on a cold beach.",
    "I'm so happy that it rained today; the garden was thirsty.",
    "I miss my grandmother's kitchen and the smell of cinnamon…",
    "Why does nobody answer me? I am really angry now!!!",
    "今天的月亮很圆，我突然很想家。",
    "你好！我在山顶上看到了流星，太激动了！",
    "我昨天買了一把很大的雨傘，結果今天沒有下雨。",
    "Hoy encontré una piedra azul en la playa. ¿De dónde viene?",
    "¡Qué alegría! Mi hermana vuelve mañana del norte.",
    "Heute Morgen lag Nebel über dem Fluss, und ich war ganz ruhig.",
    "Ich ärgere mich über die Straßenbahn: schon wieder zu spät!",
    "Le vieux phare s'allume chaque soir à la même heure, ça me rassure.",
    "J’ai peur de l’orage, mais j'aime l'odeur de la pluie.",
    "A minha vizinha toca violão à noite; adormeço mais feliz.",
    "Não sei o que fazer amanhã, está tudo tão cinzento.",
    "Ho perso il treno e ho scoperto una piccola libreria.",
    "Perché il mare è così calmo stanotte?",
    "Сегодня ночью я впервые увидел северное сияние!",
    "Мне грустно: лето закончилось, а письма всё нет.",
    "आज सुबह नदी के किनारे बहुत ठंडी हवा चल रही थी।",
    "मुझे अपने पुराने दोस्त की याद आती है!",
    "今日は海辺で小さな隕石のかけらを見つけました。",
    "どうして返事をくれないの？少しさびしいです。",
    "カタカナとＦＵＬＬＷＩＤＴＨ　テスト！",
    "오늘 밤하늘이 정말 맑아서 별이 쏟아질 것 같아요.",
    "왜 이렇게 마음이 무거울까?",
    "Bugün İstanbul'da kar yağdı, çocuklar çok sevindi!",
    "Denizin kokusunu özledim; ne zaman döneceğim bilmiyorum.",
    "mixed 混合 смесь मिश्रण ミックス 혼합 karışım 100% ok?",
    "snake_case and-hyphen and/slash and e-mail-ish at example dot org",
    "ﬁne ligatures, ² superscripts, Ⅷ numerals and ① circles",
    "zero\u200bwidth\u200djoiner\u00adsoft\ufeffmark and a\u0301ccent",
    "👩‍🚀 floats; 🇯🇵🇧🇷 flags; 👍🏿👍🏿👍🏿",
    "The tide comes in and the tide goes out, and every time it leaves a line of little shells behind. " * 12,
]

if __name__ == "__main__":
    from features import raw_hashes

    print(len(LINES), "lines,", sum(len(raw_hashes(line)) for line in LINES), "features")
