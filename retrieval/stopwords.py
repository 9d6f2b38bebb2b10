"""Words that carry no subject, by language: left out of queries (never of the index), unless nothing else is there.

Own lists, short on purpose: function words and the question words that every question holds. Lower case, unstemmed.
"""

_LISTS = {
    "en": "a an the and or but if of in on at to for from by with about into over after before is are was were be been being am do does did"
    " have has had can could will would shall should may might must i you he she it we they me him her us them my your his its our their"
    " this that these those there here what which who whom whose when where why how not no so than too very s t as",
    "de": "der die das den dem des ein eine einen einem einer eines und oder aber wenn von in im an am auf zu zum zur für aus bei mit über"
    " nach vor ist sind war waren sein bin hat haben hatte kann können wird werden wurde wurden soll sollte muss müssen darf ich du er sie"
    " es wir ihr mich mir dich dir ihn ihm uns euch mein dein sein unser euer ihre meine dieser diese dieses was welche welcher welches wer"
    " wem wen wann wo warum wie nicht kein keine so als auch nur noch man sich es",
    "fr": "le la les l un une des du de d et ou mais si dans en sur à au aux pour par avec chez est sont était étaient être suis ai as a ont"
    " avait peut peuvent sera serait doit je tu il elle on nous vous ils elles me te se lui leur y mon ma mes ton ta tes son sa ses notre"
    " nos votre vos leurs ce cet cette ces que quel quelle quels quelles qui quoi quand où pourquoi comment ne pas plus est-ce c s n j m t qu",
    "es": "el la los las un una unos unas de del al y o pero si en a por para con sin sobre es son era eran ser soy está están estaba ha han"
    " había puede pueden será sería debe yo tú él ella nosotros vosotros ellos ellas usted ustedes me te se lo le les nos mi mis tu tus su"
    " sus este esta estos estas ese esa eso esto que qué cual cuál cuáles quien quién cuando cuándo donde dónde porque cómo como no más muy",
    "pl": "i a o w we z ze na do od po za przy dla przez pod nad u lub albo ale jeśli czy że jest są był była było były być jestem mam ma"
    " mają może mogą mogę można będzie musi muszę ja ty on ona ono my wy oni one mnie mi cię ci go jej jemu nas was ich im mój moja moje"
    " swój ten ta to te tego tej tym co jaki jaka jakie który która które kto kiedy gdzie dlaczego jak nie się tak jako ile",
    "uk": "і й та а о у в з із зі на до від по за при для через під над або але якщо чи що є був була було були бути маю має мають може"
    " можуть можна буде треба мушу я ти він вона воно ми ви вони мене мені тебе тобі його її йому нас вас їх їм мій моя моє свій цей ця це"
    " ці який яка яке які хто коли де чому як не ся так скільки",
    "tr": "ve veya ile ama fakat ise için gibi kadar göre bir bu şu o ben sen biz siz onlar beni bana seni sana onu ona bizi size var yok mı"
    " mi mu mü mıdır midir mudur müdür ne nasıl neden niçin nerede nereye nereden kim hangi kaç zaman değil da de ki çok daha en olarak"
    " olan olduğu idi dır dir dur dür nedir",
    "ar": "في من على إلى الى عن مع بعد قبل عند هو هي هم هن أنا انا نحن أنت انت أنتم هذا هذه ذلك تلك التي الذي الذين ما ماذا من متى أين اين"
    " كيف لماذا كم هل أي اي لا لم لن ليس قد كان كانت يكون تكون كل و أو او ثم إن ان أن لكن إذا اذا لي لك له لها عليه عليها منه منها يمكن"
    " يمكنني يجب هناك",
    "zh": "的 了 吗 呢 是 我 你 您 他 她 它 们 在 和 与 或 也 都 就 不 有 这 那 吧 啊 什么 怎么 如何 哪里 哪儿 哪个 什 么 怎 哪 谁 为 何 被 把 对 于 个 请 问",
    "it": "il lo la i gli le un uno una di a da in con su per tra fra e o ma se è sono era erano essere ho ha hanno può possono io tu lui lei"
    " noi voi loro mi ti si ci vi mio tuo suo questo questa che cosa quale chi quando dove perché come non del della dei delle al alla nel",
    "pt": "o a os as um uma de do da dos das em no na nos nas por para com e ou mas se é são era ser está eu tu ele ela nós eles me te se"
    " meu minha seu sua este esta isto que qual quem quando onde porque como não ao à pelo pela",
    "nl": "de het een en of maar als van in op aan te voor uit bij met over na is zijn was waren ben heb heeft hebben kan kunnen zal wordt ik"
    " jij hij zij wij jullie mij mijn jouw dit dat deze die wat welke wie wanneer waar waarom hoe niet geen ook er",
    "sv": "en ett den det de och eller men om av i på till för från med är var vara har hade kan ska jag du han hon vi ni mig min din detta vad"
    " vilken vem när var varför hur inte att som",
    "ru": "и а о в во на с со к от по за при для через под над или но если ли что это есть был была было были быть имею может могут можно"
    " будет я ты он она оно мы вы они меня мне тебя его её нас вас их мой моя свой этот эта эти какой какая какие кто когда где почему как"
    " не так сколько",
}

STOP_WORDS = {code: frozenset(text.split()) for code, text in _LISTS.items()}
