"""What bills of materials say, judged alike whoever wrote them: score.py EXPECTED... < JOBS > SCORES

A job is {"subject": name, "folder": path, "document": path, "code": exit code}; a score has every fact that the answers ask for
with whether the document says it, every wrong claim, and how many files are there with their digest. `docs/bom-scorecard.md`
says how a fact is recognised and which claims are wrong; that page and this file have to say the same.

CycloneDX is read, which all tools write by default. A fact counts wherever it stands: in a member, a property, a description. A
short value (a number of three digits, a word of four letters) must stand under a name that tells what it is, because it would be
found by chance. What a document says about the tools that made it is not looked at.
"""

import hashlib
import json
import pathlib
import re
import sys

# Under which names a short value counts. A name counts where one of these words is in it.
NAMES = {
    "language": ["lang"],
    "license": ["licen"],
    "parameters": ["param", "element"],
    "context_length": ["context"],
    "tokens": ["vocab", "token"],
    "r": ["rank", "lorar", "peftr", ":r"],
    "alpha": ["alpha"],
    "type": ["peft", "adapter", "type"],
    "target_modules": ["target"],
    "file_type": ["filetype", "quant"],
    "name": ["quant"],
    "quantization_version": ["quantizationversion", "version"],
    "bits": ["bits"],
    "group_size": ["group"],
    "method": ["method", "quant"],
    "algo": ["algo", "quant", "type"],
    "kv_cache": ["cache"],
    "calibration_dataset": ["calib", "dataset", "name"],
    "dtype": ["dtype", "type"],
    "weight": ["weight"],
    "tensors": ["tensor"],
    "size": ["size", "bytes", "length"],
    "elements": ["element", "param"],
    "format": ["format", "framework"],
    "split": ["split", "slice"],
    "merge": ["merge", "method"],
    "metadata": ["metadata", "format", "version", "parameter"],
}
UNKNOWN = re.compile(r"unknown|noassertion|missing|not stated|gap|incomplete|undetermined|unresolved")
BROKEN = re.compile(r"unread|invalid|error|malformed|parse|truncat|not valid|corrupt|unsupported|broken|unknown")
DISPUTE = re.compile(r"conflict|mismatch|disagree|contradict|inconsisten|discrepan|differ")
RELATIONS = {
    "finetune": r"fine-?_?tun",
    "adapter": r"adapter|lora",
    "merge": r"merg",
    "quantized": r"quanti[sz]",
}


def plain(text):
    return re.sub(r"[^a-z0-9:]", "", str(text).lower())


def squeezed(text):
    return re.sub(r"[-_. ]", "", str(text).lower())


def scalars(node, name=""):
    """(name, value) of everything in a document; of {"name": n, "value": v} the pair (n, v)."""
    stack = [(name, node)]
    while stack:
        name, node = stack.pop()
        if isinstance(node, dict):
            own = node.get("name", node.get("key"))
            if isinstance(own, str) and isinstance(node.get("value"), (str, int, float)):
                yield own, str(node["value"])
            for key, value in node.items():
                stack.append((key, value))
        elif isinstance(node, list):
            stack.extend((name, value) for value in node)
        elif node is not None:
            text = str(node).lower() if isinstance(node, bool) else str(node)
            yield name, text


class Document:
    """A CycloneDX document, and the folder that it is about."""

    def __init__(self, folder, text, code):
        self.folder = pathlib.Path(folder)
        self.text, self.code = text, code
        self.json = json.loads(text)
        metadata = dict(self.json.get("metadata", {}))
        metadata.pop("tools", None)
        rest = {key: value for key, value in self.json.items() if key not in ("metadata", "$schema", "serialNumber")}
        self.said = {"metadata": metadata, **rest}
        self.main = metadata.get("component", {})
        self.things, self.nested, self.ancestors, self.pedigrees = [], [], [], []
        self.collect()
        self.pairs = set(scalars(self.said))
        for name, value in list(self.pairs):
            # "License: other | Risk: LOW", "inputs=age:double"
            for part in re.split(r"[|;\n]", value) if len(value) < 4000 else []:
                if match := re.match(r"\s*([^:=]{2,40})[:=]\s*(\S.*)", part):
                    self.pairs.add((match[1], match[2].strip()))
        self.values = {value for _, value in self.pairs}
        self.lower = "\n".join(self.values).lower()
        self.files = {}
        for path in sorted(self.folder.rglob("*")) if self.folder.is_dir() else [self.folder]:
            if path.is_file():
                self.files[path] = hashlib.sha256(path.read_bytes()).hexdigest()

    def collect(self):
        tops = [self.main] if self.main else []
        tops += self.json.get("components", [])
        for formula in self.json.get("formulation", []):
            tops += formula.get("components", [])
        stack = [(top, True) for top in tops]
        while stack:
            node, is_top = stack.pop()
            (self.things if is_top else self.nested).append(node)
            for ancestor in node.get("pedigree", {}).get("ancestors", []):
                self.ancestors.append(ancestor)
                self.pedigrees.append((node, ancestor))
            stack += [(inner, False) for inner in node.get("components", [])]

    def all(self):
        return self.things + self.nested + self.ancestors

    def says(self, value, names=()):
        value = str(value)
        lower = value.lower()
        is_short = len(value) <= 4 or re.fullmatch(r"[-+.\d]{1,4}", value)
        if not is_short:
            if isinstance_number(value):
                return any(same_number(value, found) for found in self.values) or word_in(lower, self.lower)
            return word_in(lower, self.lower)
        names = [plain(it) for it in names]
        for name, found in self.pairs:
            if names and not any(it in plain(name) for it in names):
                continue
            is_same = found.lower() == lower or same_number(value, found)
            if is_same or (len(found) < 300 and word_in(lower, found.lower())):
                return True
        return False

    def names(self, node):
        full = "/".join(it for it in (node.get("group"), node.get("name")) if it)
        return {it.lower() for it in (full, node.get("name"), node.get("bom-ref"), node.get("purl")) if it}

    def named(self, reference):
        """A thing of this name, or a value that has it."""
        tail = reference.lower()
        return word_in(tail, self.lower) or any(
            any(name == tail or word_in(tail, name.replace("%2f", "/")) for name in self.names(node)) for node in self.all()
        )

    def together(self, *words):
        """All words in one object without its lists of components, or in one text."""
        for node in objects(self.said):
            text = " ".join(f"{name} {value}" for name, value in scalars(flat(node))).lower()
            if all(re.search(word, text) for word in words):
                return True
        return False

    def package(self, name, version):
        name, version = squeezed(name), version.lower()
        for node in self.all():
            if squeezed(node.get("name", "")) == name and str(node.get("version", "")).lower() == version:
                return True
        return any(
            re.search(rf"(^|[/ ,]){re.escape(name)}(@|==|=| )v?{re.escape(version)}($|[?# ,;])", squeezed_keeping(value))
            for value in self.values
            if len(value) < 400
        )

    def models(self):
        return [it for it in self.things if it.get("type") == "machine-learning-model"]

    def training(self):
        """What is said to be training data: the list that CycloneDX has for it."""
        named = {}
        for node in self.all():
            reference = node.get("bom-ref")
            named[reference] = node
        found = []
        for node in self.all():
            for data in node.get("modelCard", {}).get("modelParameters", {}).get("datasets", []):
                target = named.get(data.get("ref"), data)
                found.append(json.dumps({**target, "components": None}).lower())
        return found


def flat(node):
    return {key: value for key, value in node.items() if key not in ("components", "ancestors")}


def objects(node):
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def squeezed_keeping(text):
    """Names without their marks, versions with theirs."""
    name, mark, rest = re.match(r"([^@=\s]*)(.*?)()$", text.lower(), re.S).groups()
    return (name.replace("-", "").replace("_", "").replace(".", "") + mark + rest) if mark else text.lower()


def isinstance_number(text):
    return re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", text) is not None


def same_number(a, b):
    try:
        return float(a) == float(b.replace(",", ""))
    except ValueError:
        return False


def word_in(word, text):
    return re.search(rf"(?<![a-z0-9_.-]){re.escape(word)}(?![a-z0-9_-])", text) is not None


class Score:
    def __init__(self, subject, expected, document):
        self.subject, self.expected, self.document = subject, expected, document
        self.facts, self.wrong = [], []

    def fact(self, label, holds):
        self.facts.append([label, bool(holds)])

    def claim(self, label, is_made, what=""):
        """Each kind once a document, however often it is made there."""
        if is_made and all(label != told for told, _ in self.wrong):
            self.wrong.append([label, str(what)[:120]])

    # Facts.

    def run(self):
        for key, value in self.expected.items():
            getattr(self, f"of_{key}", self.unknown_key)(value)
        self.never()
        return {
            "subject": self.subject,
            "facts": self.facts,
            "wrong": self.wrong,
            "digests": self.digests(),
            "names_host": str(self.document.folder) in self.document.text,
        }

    def unknown_key(self, value):
        raise SystemExit(f"{self.subject}: no rule for a fact of the answers: {value!r}")

    def ignore(self, value):
        pass

    of_must_not = of_note = of_see = of_parameters_rule = of_weights_note = ignore

    def of_must(self, value):
        for told in value:
            if "partial status" in told:
                self.fact("exit code says that it is partial", self.document.code not in (0, None))

    def of_kind(self, value):
        d = self.document
        if value == "dataset":
            self.fact("is a data set", any(it.get("type") == "data" for it in d.things))
        elif value == "environment":
            self.fact("is an environment of packages", any(it.get("type") in ("library", "framework") for it in d.things))
        else:
            self.fact("is a model", d.models())

    def of_identity(self, value):
        d = self.document
        is_named = any(value["name"].lower() in name for node in d.models() for name in d.names(node))
        self.fact(f"name {value['name']}", is_named)
        self.stated("name", value.get("stated_in", []))

    def stated(self, what, places):
        for place in places:
            file = place.split(":")[0]
            own = [flat(it) for it in self.document.models() + self.document.ancestors]
            own += [it for it in self.document.things if it.get("type") == "data"]
            file = r"\.gguf" if file == "gguf" else re.escape(file.lower())
            found = any(re.search(file, json.dumps({**flat(it), "name": ""}).lower()) for it in own)
            self.fact(f"{what}: from {place}", found)

    def of_license(self, value):
        d = self.document
        if value is None:
            return
        self.fact(f"licence as written {value['raw']}", d.says(value["raw"], ["licen"]) or value["raw"] == "other" and d.says("other", ["id", "name"]))
        if value.get("spdx"):
            self.fact(f"licence {value['spdx']}", any(value["spdx"] in found for found in d.values))

    def of_base_models(self, value):
        for parent in value:
            reference = parent["ref"]
            self.fact(f"parent {reference}", self.is_other(reference))
            self.fact(f"relation {parent['relation']}", re.search(RELATIONS[parent["relation"]], self.document.lower))
            for key in ("revision", "weight", "applied_on"):
                if key in parent:
                    self.fact(f"{key} {parent[key]}", self.document.says(parent[key], NAMES.get(key, ())))
            self.stated(f"parent {reference}", parent.get("stated_in", []))
            if "relation_from" in parent:
                self.stated("relation", [parent["relation_from"]])

    def is_other(self, reference):
        """Named as something else than the model itself: as an ancestor, in a property, or beside another model."""
        return self.document.named(reference) and not any(self.has_name(node, reference) for node in self.selves())

    def has_name(self, node, reference):
        names = {it.split("?")[0].split("@")[0].replace("%2f", "/").removeprefix("pkg:huggingface/") for it in self.document.names(node)}
        return reference.lower() in names

    def of_base_models_conflict(self, value):
        for parent in value:
            if not parent["ref"].startswith("/"):
                self.fact(f"parent {parent['ref']}", self.document.named(parent["ref"]))
        self.fact("sources disagree about the parent", DISPUTE.search(self.document.lower + " ".join(n for n, _ in self.document.pairs).lower()))

    def of_training_datasets(self, value):
        for one in value:
            name = one if isinstance(one, str) else one["name"]
            self.fact(f"training data {name}", self.document.named(name))
            if isinstance(one, dict):
                self.fact(f"revision {one['revision']}", self.document.says(one["revision"]))

    def of_eval_datasets(self, value):
        d = self.document
        for one in value:
            for key, said in one.items():
                found = d.says(said, NAMES.get(key, ())) or d.together(re.escape(one["name"].lower()), re.escape(said.lower()))
                self.fact(f"evaluation data {key} {said}", found)

    def of_metrics(self, value):
        for one in value:
            self.fact(f"{one['type']} {one['value']}", self.document.together(one["type"], re.escape(one["value"])))

    def of_task(self, value):
        self.fact(f"task {value}", self.document.says(value))

    def of_architecture(self, value):
        for said in value.values():
            self.fact(f"architecture {said}", self.document.says(said))

    def of_languages(self, value):
        for said in value:
            self.fact(f"language {said}", self.document.says(said, NAMES["language"]))

    def of_co2_g(self, value):
        self.fact(f"carbon dioxide {value} g", self.document.says(value))

    def of_parameters(self, value):
        self.fact(f"{value} parameters", self.document.says(value, NAMES["parameters"]))

    def of_context_length(self, value):
        self.fact(f"context length {value}", self.document.says(value, NAMES["context_length"]))

    def of_tokens(self, value):
        self.fact(f"{value} tokens", self.document.says(value, NAMES["tokens"]))

    def of_hyperparameters(self, value):
        for key, said in value.items():
            self.fact(f"{key} {said}", self.document.says(said, [key]) if len(said) <= 4 else self.document.says(said))

    def of_frameworks(self, value):
        for name, version in value.items():
            self.fact(f"{name} {version}", self.document.package(name, version))

    of_packages = of_frameworks

    def of_weights(self, value):
        d = self.document
        for name, said in value.items():
            self.fact(f"{name}: sha256", said["sha256"] in d.lower)
            for key in ("size", "format", "tensors"):
                if key in said:
                    self.fact(f"{name}: {key} {said[key]}", d.says(said[key], NAMES[key]))
            kinds = {
                f"{kind} {count}": d.together(rf"\b{kind.lower()}\b", rf"(?<!\d){count}(?!\d)")
                for kind, count in said.get("elements_by_dtype", {}).items()
            }
            for label, found in kinds.items():
                self.fact(f"{name}: {label}", found)
            if "elements" in said:
                # All of them, or each kind of them.
                found = d.says(said["elements"], NAMES["elements"]) or kinds and all(kinds.values())
                self.fact(f"{name}: {said['elements']} elements", found)
            for key, text in (said.get("metadata") or {}).items():
                self.fact(f"{name}: {key} {text}", d.says(text, [key, *NAMES["metadata"]]))

    def of_claim_mismatch(self, value):
        names = " ".join(name for name, _ in self.document.pairs).lower()
        self.fact(f"{value['claimed']} is not what was counted", DISPUTE.search(self.document.lower + names))

    def of_shards(self, value):
        names = [it for it in self.expected["weights"]]
        self.fact(f"{value} shards", all(self.document.says(it) for it in names))

    def of_peft(self, value):
        for key, said in value.items():
            for one in said if isinstance(said, list) else [said]:
                self.fact(f"adapter {key} {one}", self.document.says(one, NAMES[key]))

    def of_quantization(self, value):
        for key, said in value.items():
            if key == "tool":
                self.tool(said)
                continue
            for one in said if isinstance(said, list) else [said]:
                self.fact(f"quantisation {key} {one}", self.document.says(one, NAMES.get(key, [key])))

    def of_merge(self, value):
        for key, said in value.items():
            if key == "tool":
                self.tool(said)
            else:
                self.fact(f"merge {key} {said}", self.document.says(said, NAMES.get(key, [key])))

    def tool(self, said):
        name, version = re.split(r"[ :]", said, maxsplit=1)
        self.fact(f"tool {name} {version}", self.document.package(name, version))

    def of_errors(self, value):
        for error in value:
            file = error.split(":")[0]
            self.fact(f"{file} cannot be read", self.document.together(re.escape(file.lower()), BROKEN.pattern))

    def of_unknowns(self, value):
        words = {"identity": "name|identi", "license": "licen", "base_model": "base|parent|ancest|lineage", "datasets": "dataset|training"}
        for one in value:
            pairs = [f"{name} {said}".lower() for name, said in self.document.pairs]
            found = any(re.search(words[one], it) and UNKNOWN.search(it) for it in pairs)
            found |= one == "license" and "noassertion" in self.document.lower
            self.fact(f"{one} is said to be unknown", found)

    def of_flavors(self, value):
        for one in value:
            self.fact(f"flavour {one}", self.document.says(one))

    def of_python(self, value):
        self.fact(f"python {value}", self.document.package("python", value))

    def of_signature(self, value):
        for one in value["inputs"] + value["outputs"]:
            parts = [re.escape(it) for it in one.split(":")]
            self.fact(f"signature {one}", self.document.together(*[rf"\b{it}\b" for it in parts]))

    def of_run_id(self, value):
        self.fact(f"run {value}", self.document.says(value))

    def of_files(self, value):
        for name, sha256 in value.items():
            self.fact(f"{name}: sha256", sha256 in self.document.lower)

    def of_croissant(self, value):
        self.fact(f"conforms to {value['conformsTo']}", self.document.says(value["conformsTo"]))
        names = [f"{name} {said}".lower() for name, said in self.document.pairs]
        found = any(re.search("digest|sha|hash|checksum", it) and re.search("verified|match|true", it) for it in names)
        self.fact("the stated digest is right", found)

    def of_packages_pypi(self, value):
        purls = {it.get("purl", "").split("?")[0].lower() for it in self.document.all()}
        count = len([it for it in purls if it.startswith("pkg:pypi/")])
        self.fact(f"{value} Python packages", count == value)

    def of_packages_deb(self, value):
        for one in value:
            self.fact(f"{one['name']} {one['version']}", self.document.package(one["name"], one["version"]))
            found = self.document.together(rf"\b{one['name']}\b", rf"\b{one['source']}\b")
            self.fact(f"{one['name']}: source {one['source']}", found)

    def of_distro(self, value):
        name, version = value.lower().split(":")
        found = self.document.package(name, version) or f"{name}-{version}" in self.document.lower
        self.fact(f"distribution {value}", found)

    def of_engine(self, value):
        self.tool(value.split(" (")[0])

    # Wrong claims.

    def selves(self):
        """Models that a document lists and does not mark as another one: as ancestor, base, or what something depends on."""
        d = self.document
        needed = set()
        for one in d.json.get("dependencies", []):
            needed.update(one.get("dependsOn", []) + one.get("provides", []))
        marked = re.compile(r"\b(base|parent|ancestor|upstream)[-_ ]?(model)?\b")

        def is_other(node):
            # What a component says of itself; that it names its parent does not make it one.
            roles = [str(it) for it in node.get("tags", [])]
            roles += [it.get("value", "") for it in node.get("properties", []) if plain(it.get("name", "")).endswith(("kind", "role", "relation", "relationship"))]
            own = node.get("bom-ref")
            is_ancestor = any(it.get("bom-ref") == own and of is not node for of, it in d.pedigrees)
            return is_ancestor or own in needed or any(marked.search(it.lower()) for it in roles)

        return [it for it in d.models() if not is_other(it)]

    def never(self):
        d = self.document
        told = self.expected
        parents = [it["ref"].lower() for it in told.get("base_models") or []]
        selves = self.selves()
        # A model is not its parent.
        for node in selves:
            for parent in parents:
                self.claim("the model has the name of its parent", self.has_name(node, parent), parent)
        for node, ancestor in d.pedigrees:
            same = [key for key in ("bom-ref", "purl") if node.get(key) and node.get(key) == ancestor.get(key)]
            self.claim("model and ancestor share a reference", same, node.get("bom-ref"))
        weights = [it for it in d.files if it.suffix == ".gguf"]
        if len(weights) == 1:
            self.claim("two models for one file", len(selves) > 1, [it.get("name") for it in selves])
        encoded = [it.get("purl", "") for it in d.all() if "%25" in it.get("purl", "")]
        self.claim("a name is encoded twice", encoded, encoded)
        if told.get("kind") == "dataset":
            self.claim("the data set is called a model", d.models(), [it.get("name") for it in d.models()])
        # Training data.
        training = d.training()
        for one in told.get("eval_datasets", []):
            wrong = [it for it in training if any(word_in(one[key].lower(), it) for key in ("name", "type"))]
            wrong = [it for it in wrong if "evaluation" not in it]
            self.claim("evaluation data are listed as training data", wrong, one["name"])
        stated = [it if isinstance(it, str) else it["name"] for it in told.get("training_datasets", [])]
        for name in stated if training else []:
            is_listed = any(name.lower().split("/")[-1] in it for it in training)
            self.claim("the list of training data leaves one out", not is_listed, name)
        # Licences, digests, counts, parents that nobody states.
        if "license" in told:
            self.licences(told["license"])
        known = set(d.files.values())
        for node in d.all():
            if node.get("type") in ("machine-learning-model", "file", "data"):
                for one in node.get("hashes", []):
                    is_wrong = one.get("alg") == "SHA-256" and one.get("content") not in known
                    self.claim("a digest that no file has", is_wrong, node.get("name"))
        if "parameters" in told:
            for name, value in d.pairs:
                if re.search(r"(^|[^a-z])(total|num|n)?_?param(eter)?s?_?(count|total)?$", re.sub(r"([A-Z])", r"_\1", name).lower()) and re.fullmatch(r"\d+", value):
                    # One file of several has its own; a hundredth is a matter of what is called a parameter.
                    parts = [it.get("elements") for it in told.get("weights", {}).values()]
                    is_part = len(parts) > 1 and int(value) in parts
                    is_near = abs(int(value) - told["parameters"]) * 100 <= told["parameters"]
                    self.claim("a wrong number of parameters", not is_part and not is_near, value)
        allowed = parents + [it["ref"].lower() for it in told.get("base_models_conflict", [])]
        allowed += [it["applied_on"].lower() for it in told.get("base_models") or [] if "applied_on" in it]
        for ancestor in d.ancestors:
            names = d.names(ancestor)
            is_known = any(it in name or it.split("/")[-1] in name for it in allowed for name in names)
            is_hidden = any("private" in it or "left out" in it for it in names)
            self.claim("an ancestor that no file names", not is_known and not is_hidden, sorted(names))
        private = [it["ref"] for it in told.get("base_models_conflict", []) if it["ref"].startswith("/")]
        for path in private:
            self.claim("a path on somebody's machine is published", path in d.text, path)
        self.strangers()
        seen, twice = set(), set()
        for node in d.things + d.nested:
            reference = node.get("bom-ref")
            (twice if reference in seen else seen).add(reference)
        self.claim("two components have one reference", twice - {None}, sorted(twice - {None}))

    def licences(self, stated):
        d = self.document
        allowed = set()
        if stated:
            allowed = {stated["raw"].lower(), (stated.get("spdx") or "mit").lower()}
            allowed |= {(stated.get("spdx") or "").lower().replace("licenseref-", "")}
        allowed |= {"noassertion", "unknown", "none", ""}
        for node in d.things:
            if node.get("type") not in ("machine-learning-model", "data"):
                continue
            if node.get("type") == "data" and node is not d.main:
                continue
            for one in node.get("licenses", []):
                licence = one.get("license", {})
                text = one.get("expression") or licence.get("id") or licence.get("name") or ""
                self.claim("a licence that no file states", text.lower() not in allowed, text)

    def strangers(self):
        """Packages, tools, data sets and models whose name stands in no file of the folder."""
        d = self.document
        corpus = ""
        for path in d.files:
            with open(path, "rb") as file:
                corpus += squeezed(f"{path.relative_to(d.folder) if d.folder.is_dir() else path.name} ")
                corpus += squeezed(file.read(4 << 20).decode("utf-8", "replace"))

        def is_named(node):
            """By its name, or by a part of it: `nvidia-driver` of a file that says `driver`."""
            name = node.get("name", "")
            parts = [squeezed(it) for it in re.split(r"[-_./: ]+", name) if len(it) > 2]
            return squeezed(name) in corpus or any(it in corpus for it in parts)

        for formula in d.json.get("formulation", []):
            strange = sorted(it.get("name", "") for it in formula.get("components", []) if not is_named(it))
            self.claim("a program of the machine that made the document", strange, ", ".join(strange))
        made_with = [id(node) for formula in d.json.get("formulation", []) for node in formula.get("components", [])]
        for node in d.things:
            if id(node) in made_with:
                continue
            if node is d.main or node.get("type") == "file":
                continue
            name = squeezed(node.get("name", ""))
            is_own = name in (squeezed(d.folder.name), squeezed(d.main.get("name", "")), "unknown")
            is_own |= any(name == squeezed(it.stem) for it in d.files) or "leftout" in name
            self.claim("a component that no file names", not is_own and not is_named(node), node.get("name"))

    def digests(self):
        """Files listed with their digest, of the files of the folder."""
        said = self.document.lower
        return [sum(digest in said for digest in self.document.files.values()), len(self.document.files)]


def nothing(subject, expected, folder, code):
    """No document: it says nothing."""
    empty = Document(folder, '{"bomFormat": "CycloneDX"}', code)
    score = Score(subject, expected, empty).run()
    return {**score, "facts": [[label, False] for label, _ in score["facts"]], "wrong": []}


def main():
    answers = {}
    for name in sys.argv[1:]:
        answers.update(json.loads(pathlib.Path(name).read_text()))
    scores = []
    for job in json.load(sys.stdin):
        expected = answers[job["subject"]]
        path = pathlib.Path(job["document"])
        if path.is_file() and path.stat().st_size:
            document = Document(job["folder"], path.read_text(), job["code"])
            scores.append(Score(job["subject"], expected, document).run())
        else:
            scores.append(nothing(job["subject"], expected, job["folder"], job["code"]))
    json.dump(scores, sys.stdout)


main()
