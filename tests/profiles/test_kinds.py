"""Every kind of problem: a project that provokes it, and exactly what is said then.

A new kind needs a case here; `test_each_kind_is_provoked_with_each_of_its_hints` says so.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.sources import LOCAL, Content, MemorySource, layers, project
from voxmint.problems import Kind, Problem
from voxmint.profiles import rules, wording
from voxmint.profiles.bounds import bounded
from voxmint.profiles.order import Order
from voxmint.profiles.overrides import parse_overrides
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.policies import wording as policies
from voxmint.profiles.source import SourceError

ALL = (*wording.KINDS, *rules.KINDS, *policies.KINDS)
KINDS: dict[str, Kind] = {kind.code: kind for kind in ALL}


class Case(NamedTuple):
    """A project, and what is given on the command line for it."""

    source: MemorySource
    given: tuple[str, ...] = ()

    def problems(self) -> Sequence[Problem]:
        overrides, problems = parse_overrides(self.given)
        order = Order(overrides=overrides, idle=True)
        return [*problems, *bounded(compile_project(self.source, order).problems)]


def files(content: Mapping[str, Content]) -> Case:
    return Case(MemorySource(content))


def case(
    p: Content = "{}", *given: str, env: str | Mapping[str, Content] = "", **more: Content
) -> Case:
    """A project of this profile, and of others, in one or several environments."""
    environments = {"local": f"{LOCAL['local']}{env}"} if isinstance(env, str) else env
    return Case(project({"p": p, **more}, environments), given)


def stack(*texts: str) -> Case:
    return Case(project(layers(*texts)))


def provider(text: str) -> Case:
    return case(env={"e": text})


def said(text: str) -> Case:
    """A profile whose session has this in its transcription."""
    return case(f"session: {{input_audio_transcription: {{model: gpt-transcribe, {text}}}}}")


def asks(model: str) -> str:
    return f"session: {{input_audio_transcription: {{model: {model}}}}}"


def on_azure(deployments: str, **profiles: str) -> Case:
    url = "https://clinic.openai.azure.com"
    settings = f"{{kind: azure, url: '{url}', deployments: {deployments}}}"
    return Case(project(profiles, {"e": f"provider: {settings}"}))


def policy(*rest: str, path: str = "turn_detection", rule: str = "{{ value is none }}") -> Case:
    """A profile under one policy, which says this besides."""
    own = {"name": "quiet", "path": path, "rule": f"'{rule}'", "message": "the rooms are quiet"}
    given = ", ".join((*(f"{key}: {value}" for key, value in own.items()), *rest))
    session = "{input_audio_transcription: {model: gpt-transcribe}, turn_detection: {}}"
    profiles = {
        "p": f"extends: b\nlabels: {{tier: gold, room: loud}}\nsession: {session}",
        "b": "abstract: true",
    }
    return Case(project(profiles, settings=f"version: 1\npolicies: [{{{given}}}]"))


def detected(text: str, rest: str = "model: gpt-transcribe") -> Case:
    nested = {"e": "provider: {kind: emulator, api: client_secrets}"}
    transcription = f"input_audio_transcription: {{{rest}}}"
    return case(f"session: {{{transcription}, turn_detection: {text}}}", env=nested)


CASES: dict[str, Sequence[Case]] = {
    # files
    "missing-file": [files({"profiles/p.yaml": "{}", "environments/e.yaml": LOCAL["local"]})],
    "missing-folder": [files({"voxmint.yaml": "version: 1\nprofiles: voices"})],
    "unreadable-file": [case(SourceError("outside", "it leads out of the project"))],
    "not-utf8": [case(b"a: \xe9"), case("a: 1".encode("utf-16"))],
    "empty-file": [case("# nothing\n"), Case(project({}, settings=""))],
    "name-not-utf8": [Case(project({"\udcff": "{}"}))],
    "ending-in-capitals": [files({"profiles/p.YAML": "{}"})],
    "clashing-names": [case(P="{}"), Case(project({"caf\u00e9": "{}", "cafe\u0301": "{}"}))],
    # YAML
    "bad-yaml": [
        case("a:\n\t- 1\n"),
        case("a: @x\n"),
        case("a: {{ vars.x }} b\n"),
        case("a: b: c\n"),
        case("a:1\nb: 2\n"),
        case("b: 2\na:1\n"),
        case("a: {b:, c: 1}\n"),
        case("a:\n  - b\n  -c\n"),
        case('a: "C:\\users"\n'),
        case("a: [1, 2\n"),
        case("session:\n  include: [\n    x,\nvars: {}\n"),
        case('a: "\x01"\n'),
    ],
    "merge-conflict": [case("<<<<<<< HEAD\nvars: {}\n=======\nsession: {}\n>>>>>>> other\n")],
    "odd-line-break": [case("a: 1 # hidden\u2028session: null\n")],
    "several-documents": [case("{}\n---\n{}\n")],
    "duplicate-key": [case("vars: {a: 1, b: 2, a: 3}\n")],
    "key-not-text": [
        case("vars: {1: x}\n"),
        case("vars: {[a]: x}\n"),
        case("vars: {a: {{ x }}}\n"),
    ],
    "merge-key": [case("vars: {a: &a {b: 1}, c: {<<: *a}}\n")],
    "unknown-tag": [case("vars: {a: !!binary aGk=, b: !mine x}\n")],
    "bad-number": [case("vars: {a: .nan, b: 1e400}\n")],
    "unknown-alias": [case("vars: {a: *nothing}\n")],
    "recursive-alias": [case("vars: &v {a: *v}\n")],
    "too-deep": [case(f"vars: {{a: {'[' * 60}{']' * 60}}}\n")],
    "too-many-values": [case(f"vars: {{a: [{'1,' * 100_001}]}}\n")],
    "too-many-problems": [
        case(f"vars: {{a: [{'.inf,' * 1001}]}}\n"),
        case("a: 1\n" * 1001 + "b: 1\n"),
    ],
    "too-many-to-tell": [case(f"vars: {{{', '.join(f'a{n}: 1' for n in range(1001))}}}")],
    # the shape of a file
    "unknown-key": [
        case("sesion: {}"),
        case("zzz: {}"),
        case("session: {language: en}"),
        case("session: {expires_after: {seconds: 60}}"),
        case("provider: {kind: emulator}"),
        case("session: {turn_detection: {treshold: 1}}"),
        case("session: {turn_detection: {threshold:1}}"),
        case(env="overlay: [{where: {labels: {$append: [a]}}}]"),
        provider("provider: {kind: emulator, ulr: x}"),
        case("{}", "session.turn_detektion=null"),
    ],
    "name-key": [case("name: clinic")],
    "wrong-type": [
        detected("{type: server_vad, threshold: '0.5'}"),
        said("prompt: 5"),
        said("language: false"),
        case("expires_after: {seconds: 60.0}"),
        case("abstract: yes"),
        case("session: {include: logprobs}"),
        case("session:\n  include:\n    -logprobs\n"),
        case("session: {turn_detection: off}"),
        case("session: {turn_detection: server_vad}"),
        case("session:\n"),
        case("session:\n  turn_detection:null\n"),
        case("extends: {$append: [a]}"),
        case("labels: [a]"),
        case("description:\n"),
        provider("provider: {kind: emulator}\nsinks: {kind: dotenv}"),
        stack("vars: {t: '0.5'}", "session: {turn_detection: {threshold: '{{ vars.t }}'}}"),
        detected("{type: server_vad, threshold: ' {{ 0.5 }}'}"),
    ],
    "wrong-item": [
        case("session: {include: [1]}"),
        case("session: {include: [null]}"),
        case("session: {input_audio_transcription: {model: gpt-transcribe, languages: [false]}}"),
    ],
    "bad-value": [
        case("session: {input_audio_format: pcm}"),
        case("session: {input_audio_noise_reduction: {type: zzz}}"),
        provider("provider: {kind: opnai}"),
    ],
    "out-of-range": [case("expires_after: {seconds: 5}")],
    "empty-list": [said("languages: []")],
    "null-not-taken": [said("language: null")],
    "missing-key": [
        files({"voxmint.yaml": "{}"}),
        provider("description: no provider"),
        provider("provider: {api: client_secrets}"),
    ],
    "bad-setting": [
        files({"voxmint.yaml": "version: 2"}),
        provider("provider: {kind: azure}"),
        provider("provider: {kind: openai, key: {env: 1X}}\nmint: {burst: 0}"),
    ],
    "model-not-deployed": [
        on_azure(
            "{gpt-transcribe: ward}", p=asks("gpt-4o-transcribe"), q=asks("gpt-4o-transcribe")
        ),
        on_azure("{gpt-4o-transcrib: ward}", p=asks("gpt-4o-transcribe")),
        on_azure("{}", p=asks("whisper-1")),
    ],
    "endpoint-retired": [provider("provider: {kind: openai, api: transcription_sessions}")],
    "endpoint-not-on-azure": [
        provider("provider: {kind: azure, url: 'https://a.example', api: transcription_sessions}")
    ],
    "literal-key": [provider("provider: {kind: openai, key: {env: sk-0123456789}}")],
    # composition
    "unknown-profile": [
        case("extends: telefony", telephony="{}"),
        case("extends: zzz"),
        case('extends: ""'),
    ],
    "unknown-environment": [
        case("environments: {locl: {}, zzz: {}}"),
        case(env={**LOCAL, "e": "extends: locl"}),
        case(env={**LOCAL, "e": 'extends: [""]'}),
    ],
    "cycle": [case("extends: a", a="extends: b", b="extends: p")],
    "inconsistent-order": [
        case("extends: [x, y]", x="extends: [a, b]", y="extends: [b, a]", a="{}", b="{}")
    ],
    "long-lineage": [stack(*["vars: {}"] * 201)],
    "same-base-twice": [case("extends: [a, a]", a="{}")],
    "unused-pattern": [case(env="profiles: [p, pp, 'zzz*', b]", b="abstract: true")],
    "unused-selector": [
        *(
            case(
                "labels: {tier: gold, room: loud}",
                env=f"overlay: [{{where: {{{where}}}}}]",
                b="abstract: true",
            )
            for where in (
                "labels: {teir: gold}",
                "labels: {ward: 7}",
                "labels: {tier: golden}",
                "labels: {tier: 7}",
                "labels: {tier: []}",
                "names: [pp]",
                "names: [b]",
                "names: ['zzz*', '!p']",
                "names: []",
                "labels: {tier: gold}, names: ['!p']",
            )
        ),
        case("{}", env="profiles: []\noverlay: [{session: {turn_detection: null}}]"),
    ],
    "unused-label": [
        case(
            "labels: {tier: gold}",
            q="labels: {tier: silver}",
            env="overlay: [{where: {labels: {tier: [gold, sliver, 7]}}}]",
        )
    ],
    # merging
    "unknown-directive": [case("vars: {a: {$apend: [1]}}"), case("vars: {a: {$zzz: [1]}}")],
    "directive-beside-keys": [case("vars: {a: {$append: [1], b: 2}}")],
    "directive-value": [
        case("vars: {a: {$append: x}, b: {$unset: no}, c: {$replace: }}"),
    ],
    "directive-in-list": [case("session: {include: [{$append: [x]}]}")],
    "directive-in-sink": [
        provider(
            "provider: {kind: emulator}\n"
            "sinks: [{kind: dotenv, path: .env, mode: {$unset: true}}, {$append: []}]"
        )
    ],
    "directive-needs-list": [stack("vars: {a: {b: 1}}", "vars: {a: {$append: [1]}}")],
    "directive-without-effect": [case("vars: {a: {$unset: true}}")],
    "directive-makes-empty-list": [case("vars: {a: {$remove: [x]}}")],
    "bare-key": [stack("vars: {a: {b: 1}}", "vars:\n  a:\n")],
    "fell-away": [
        stack(
            "session: {turn_detection: {type: server_vad, threshold: 0.1}}",
            "session: {turn_detection: {type: semantic_vad}}",
        )
    ],
    "bad-override": [
        case(
            "{}",
            "turn_detection=null",
            "session.turn_detection=",
            "session.turn_detection=off",
            "session.turn_detection=server_vad",
            "session.include=[a]",
        )
    ],
    # what never has an effect
    "dead-override": [
        stack("expires_after: {seconds: 60}", "expires_after: {seconds: 60}"),
        stack("labels: {tier: gold}", "labels: {tier: gold}"),
    ],
    "idle-overlay-item": [case("vars: {a: 1}", env="overlay: [{vars: {a: 1}}]")],
    "shadowed-var": [
        case(
            "vars: {a: x}\nsession: {input_audio_transcription: {prompt: '{{ vars.a }}'}}",
            env="vars: {a: y}",
        )
    ],
    "unused-var": [case("vars: {a: 1}")],
    "unused-base": [case(b="abstract: true")],
    # templates
    "template-syntax": [said("prompt: '{% if %}'")],
    "template-forbidden": [
        said("prompt: \"{{ ''.__class__ }}\""),
        said("prompt: '{{ range(9) }}{% include \"x\" %}'"),
        said("prompt: '{{ profile.name | uper }}'"),
    ],
    "template-too-much": [said("prompt: '{{ 9999999999 * 9999999999 }}'")],
    "template-failed": [said("prompt: '{{ 1 / 0 }}'"), said("prompt: 'a {{ profile.labels }}'")],
    "undefined-name": [
        case(
            "session: {input_audio_transcription: {prompt: '{{ vars.specialti }}'}}\n"
            "vars: {specialty: cardiology}"
        ),
        said("prompt: '{{ vars.zzz }}'"),
        said("prompt: '{{ env.nam }}{{ profile.labels.tier }}{{ zzz }}'"),
        said("prompt: '{{ profile.labels.tier }}'"),
        said("prompt: '{{ zzz }}'"),
        case(
            "session: {input_audio_transcription: {prompt: '{{ vars.region }}'}}",
            env={**LOCAL, "staging": f"{LOCAL['local']}vars: {{region: eu}}"},
        ),
        case(
            "session: {input_audio_transcription: {prompt: '{{ vars.region }}'}}\n"
            "vars: {region: eu}",
            env="vars: {region: {$unset: true}}",
        ),
    ],
    "no-super": [said("prompt: 'and {{ super() }}'")],
    "vars-cycle": [
        case(
            "session: {input_audio_transcription: {prompt: '{{ vars.a }}'}}\n"
            "vars: {a: '{{ vars.b }}', b: '{{ vars.a }}'}"
        ),
        case(
            "extends: b\nsession: {input_audio_transcription: {prompt: '{{ vars.a }}'}}",
            b="abstract: true\nvars: {a: '{{ vars.b }}', b: x}",
            env="vars: {b: '{{ vars.a }}'}",
        ),
        case(
            "session: {input_audio_transcription: {prompt: '{{ vars.a }}'}}\n"
            "vars: {a: '{{ vars.a }}'}"
        ),
    ],
    # rules
    "no-transcription": [case("{}")],
    "missing-model": [case("session: {input_audio_transcription: {language: en}}")],
    "unknown-model": [
        case("session: {input_audio_transcription: {model: gpt-transcrib}}"),
        case("session: {input_audio_transcription: {model: our-deployment}}"),
    ],
    "model-ends": [case("session: {input_audio_transcription: {model: whisper-1}}")],
    "field-not-of-model": [said("delay: low")],
    "field-doubted-of-model": [
        case("session: {input_audio_transcription: {model: gpt-live-transcribe, delay: low}}")
    ],
    "model-needs-no-turn-detection": [
        detected("{type: server_vad}", "model: gpt-realtime-whisper")
    ],
    "turn-detection-doubted": [detected("{type: server_vad}", "model: gpt-live-transcribe")],
    "turn-detection-left-out": [
        case("session: {input_audio_transcription: {model: gpt-realtime-whisper}}"),
        case("session: {input_audio_transcription: {model: gpt-live-transcribe}}"),
    ],
    "bad-language": [
        said("language: en-US"),
        said("language: Auto"),
        said("language: klingon"),
    ],
    "language-and-languages": [said("language: en, languages: [de]")],
    "long-prompt": [said(f"prompt: {'x' * 1030}")],
    "bad-keyword": [said('keywords: [fine, "a<b", "c\\nd"]')],
    "turn-detection-needs-type": [detected("{threshold: 0.5}")],
    "field-not-of-type": [
        detected("{type: semantic_vad, threshold: 0.5}"),
        case("session: {turn_detection: {eagerness: low}}"),
    ],
    "semantic-vad-doubted": [case("session: {turn_detection: {type: semantic_vad}}")],
    "negative-duration": [detected("{type: server_vad, prefix_padding_ms: -1}")],
    "unused-in-transcription": [detected("{type: server_vad, create_response: true}")],
    "no-place": [
        detected("null, modalities: [text]"),
        case("session: {turn_detection: {type: server_vad, idle_timeout_ms: 6000}}"),
        case("session: {input_audio_noise_reduction: {type: near_field, strength: 1}}"),
    ],
    "field-typed-only": [detected("null, input_audio_noise_reduction: {strength: 0.8}")],
    "negative-strength": [detected("null, input_audio_noise_reduction: {strength: -1}")],
    # policies
    "policy": [
        policy(),
        policy(path="expires_after.seconds", rule="{{ value <= 120 }}"),
        policy(rule="{{ session.input_audio_noise_reduction.type == value.type }}"),
    ],
    "policy-warning": [
        policy("severity: warning"),
        policy("severity: warning", rule="{{ expires_after.seconds > 120 }}"),
    ],
    "policy-path": [
        policy(path="turn_detektion"),
        policy(path="threshold"),
        policy(path="include.0"),
        policy(path="zzz"),
    ],
    "policy-rule": [
        policy(rule="value is none"),
        policy(rule="{{ value }} or not"),
        policy(rule="{{ session.turn_detektion is none }}"),
        policy(rule="{{ valu is none }}"),
        policy(rule="{{ vars.zzz }}"),
        policy(rule="{{ value }}"),
        policy(rule="{{ 1 / 0 }}"),
        policy(rule="{{ super() }}"),
    ],
    "unused-policy-pattern": [
        policy('environments: ["*", "!locl*"]'),
        policy('environments: ["*", "zzz*"]'),
    ],
    "unused-policy": [
        *(
            policy(f"where: {{{where}}}")
            for where in (
                "labels: {teir: gold}",
                "labels: {ward: 7}",
                "labels: {tier: golden}",
                "labels: {tier: 7}",
                "names: [b]",
                "names: [pp]",
                "names: ['zzz*', '!p']",
                "labels: {tier: gold}, names: ['!p']",
            )
        ),
        policy("environments: []"),
        policy("environments: [local, '!local']"),
    ],
}


def provoked(code: str) -> list[list[Problem]]:
    """Of each case, the problems of this code."""
    return [[one for one in given.problems() if one.code == code] for given in CASES[code]]


def lines(problem: Problem) -> list[str]:
    parts: list[tuple[str, Any]] = [
        (str(problem.severity), problem.at),
        ("says", problem.message),
        *([("hint", problem.hint)] if problem.hint else []),
        *([("path", problem.path)] if problem.path else []),
        *(("see", f"{related.at} {related.message}") for related in problem.related),
    ]
    return [f"{name:8}{text}" for name, text in parts]


@pytest.mark.parametrize("code", CASES)
def test_each_kind_says_what_is_wrong(code: str, snapshot: SnapshotAssertion) -> None:
    found = provoked(code)
    assert all(found), "each case provokes the kind"
    assert [[lines(problem) for problem in problems] for problems in found] == snapshot


def test_each_kind_is_provoked_with_each_of_its_hints() -> None:
    assert set(CASES) == set(KINDS)
    given = {code: [one for problems in provoked(code) for one in problems] for code in KINDS}
    unsaid = [
        (code, hint)
        for code, kind in KINDS.items()
        for hint in kind.hints
        if not any(says(problem, hint) for problem in given[code])
    ]
    assert unsaid == []


def says(problem: Problem, hint: str) -> bool:
    try:
        return hint.format_map(problem.facts) == problem.hint
    except KeyError:
        return False


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_each_kind_is_explained(kind: Kind) -> None:
    assert kind.about.endswith(".")
    assert re.match(r"[a-z`{]", kind.message)
    assert not re.search(r"[.!]$", kind.message)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)


def test_codes_are_unique() -> None:
    assert len(KINDS) == len(ALL)
