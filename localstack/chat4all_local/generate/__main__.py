"""Write what is generated from the routes' declarations: make generate."""

from chat4all_local.generate.outputs import outputs

if __name__ == "__main__":
    for path, text in outputs().items():
        path.write_text(text, encoding="utf-8")
