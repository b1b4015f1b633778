"""`helios serve`."""

from pathlib import Path

import click

from helios.cli.printing import echo


@click.command()
@click.argument("directory", type=Path, metavar="DIR")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free port.")
@click.option("--open/--no-open", "open_page", default=False, show_default=True, help="Open the page in the browser.")
def serve(directory: Path, port: int, open_page: bool):
    """Serve a site to the browser of this machine.

    Reads the whole site once to check it, then serves files of DIR only, on 127.0.0.1 only, until Ctrl-C.
    """
    import webbrowser

    from helios.packing import server
    from helios.packing.site import check_site

    cells = check_site(directory)
    with server.open_socket(port) as listener:
        url = f"http://{server.HOST}:{listener.getsockname()[1]}/"
        checked = f"{cells:,} cells checked" if cells else "not a site of Helios, not checked"
        echo(f"serving {directory} ({checked}) at {url} until Ctrl-C")
        if open_page:
            webbrowser.open(url)
        try:
            server.serve(directory, listener)
        except KeyboardInterrupt:
            echo("stopped")
