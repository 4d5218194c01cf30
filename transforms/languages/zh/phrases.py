"""Chinese sentences for the suites, and words of the closed classes."""

import re

from mashbill.transforms.languages.phrases import Phrases


def _listed(words: str) -> list[str]:
    return words.split()


FUNCTION_WORDS = frozenset(
    _listed(
        "的 了 着 过 地 得 之 所 吗 呢 吧 啊 呀 嘛 哦 啦 么 们 "
        "和 与 及 或 而 且 并 但 但是 可是 不过 然而 因为 所以 如果 虽然 尽管 即使 "
        "只要 只有 除非 以及 或者 还是 而且 并且 于是 因此 在 从 向 往 对 对于 关于 把 "
        "被 让 给 由 为 为了 以 按 按照 根据 跟 同 比 除了 到 自 当 于 "
        "我 你 您 他 她 它 我们 你们 他们 她们 它们 咱们 自己 这 那 哪 谁 什么 "
        "怎么 怎样 这个 那个 这些 那些 这样 那样 这里 那里 哪里 这么 那么 每 各 某 另 别 "
        "不 没 没有 别 未 是 有 会 能 能够 可以 可能 应该 要 想 得 必须 需要 "
        "也 都 就 才 又 再 还 只 很 太 最 更 非常 十分 已经 正在 曾经 将 "
        "将要 刚 刚刚 马上 一 二 三 四 五 六 七 八 九 十 百 千 万 亿 "
        "两 几 多 半 个 上 下 里 中 前 后 左 右 内 外 间 旁 时 "
        "时候 之后 之前 以后 以前"
    )
)

# The first word that says how something is or was: "不" comes before it.
_STATEMENT = re.compile(
    r"(?<![不没别])(很|非常|十分|挺|比较|太)(?=[\u4e00-\u9fff])"
    r"|(?<![不没别就还但可要])(是|会|能|可以|喜欢|推荐|值得|满意)"
)


def _negated(text: str) -> str:
    """ "不" before the first word of degree or verb of judgement; as it is where there is none."""
    return _STATEMENT.sub(lambda match: f"不{match[0]}", text, count=1)


PHRASES = Phrases(
    neutral=(
        "我是星期二收到的。",
        "当时是和同事一起去的。",
        "朋友之前也买过一次。",
        "下单的时候是晚上九点。",
        "地址在地铁站附近。",
        "一共用了两个小时左右。",
        "这是我第一次写评价。",
        "颜色是蓝色的。",
    ),
    distractors=(
        "图书馆对面有一个公共汽车站。",
        "办公室明天九点开门。",
        "这道菜需要两个洋葱和一点米饭。",
        "每小时有一班火车开往海边。",
        "厨房的窗户朝北。",
        "她的自行车是绿色的，有三个挡位。",
        "山上的水烧开得更快。",
        "信是三月一日寄出的。",
    ),
    negated=_negated,
    negation="不",
    about_negation='a "不" before the first word of degree or judgement of the text',
    plain="这个{thing}很{adjective}。",
    negated_plain="这个{thing}一点也不{adjective}。",
    things=("产品", "酒店", "电影", "故事", "手机", "服务", "地方"),
    good=("好", "棒", "出色", "优秀", "理想", "讨人喜欢"),
    bad=("差", "糟糕", "差劲", "烂", "讨厌", "糟"),
    space="",
)
