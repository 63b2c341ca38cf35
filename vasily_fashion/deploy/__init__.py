from vasily_fashion.deploy.compile_link import compile_link  # noqa: F401
