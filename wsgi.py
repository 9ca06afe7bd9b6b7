from funnel import create_app

app = create_app()
