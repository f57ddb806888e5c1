"""Official validators of bills of materials, offline: validate.py SCHEMAS FILE...

CycloneDX: the JSON schemas, by cyclonedx-python-lib. SPDX 3: JSON schema and SHACL model. SPDX 2.3: spdx-tools. A line a file;
exit code 1 where one is not valid.
"""

import json
import logging
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

SCHEMAS = pathlib.Path(sys.argv[1])


def cyclonedx(text, version):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    known = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
    error = JsonStrictValidator(known[version]).validate_str(text)
    return [] if error is None else [str(getattr(error, "data", error))[:500]]


class Spdx3:
    def __init__(self):
        import jsonschema
        from rdflib import OWL, RDF, Graph

        folder = SCHEMAS / "spdx3"
        self.schema = jsonschema.Draft202012Validator(json.loads((folder / "spdx-json-schema-3.0.1.json").read_text()))
        self.context = json.loads((folder / "spdx-context-3.0.1.jsonld").read_text())["@context"]
        self.model = Graph().parse(str(folder / "spdx-model-3.0.1.ttl"), format="turtle")
        self.individuals = Graph()
        for one in self.model.subjects(RDF.type, OWL.NamedIndividual):
            for triple in self.model.triples((one, None, None)):
                self.individuals.add(triple)

    def __call__(self, document):
        import pyshacl
        from rdflib import Graph

        errors = [error.message[:300] for error in self.schema.iter_errors(document)]
        text = json.dumps({**document, "@context": self.context})
        graph = Graph().parse(data=text, format="json-ld")
        holds, _, told = pyshacl.validate(
            graph + self.individuals, shacl_graph=self.model, ont_graph=self.model, inference="none"
        )
        if not holds:
            errors += [line.strip() for line in told.splitlines() if "Message" in line or "Focus" in line][:6]
        return errors


def spdx2(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    found = validate_full_spdx_document(parse_file(path))
    return [message.validation_message for message in found][:6]


def main():
    spdx3 = None
    is_good = True
    for path in sys.argv[2:]:
        try:
            text = pathlib.Path(path).read_text()
            document = json.loads(text)
            if "bomFormat" in document:
                errors = cyclonedx(text, document["specVersion"])
            elif "spdxVersion" in document:
                errors = spdx2(path)
            else:
                spdx3 = spdx3 or Spdx3()
                errors = spdx3(document)
        except Exception as error:
            errors = [repr(error)[:500]]
        is_good = is_good and not errors
        print(f"{path}: {'valid' if not errors else errors}", flush=True)
    return 0 if is_good else 1


sys.exit(main())
