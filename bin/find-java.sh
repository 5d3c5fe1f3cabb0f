# Sourced by the launchers: find_java prints the home of a JDK 25, or says where none was found.

# The major version of the Java under a folder, from its release file: no JVM has to be started to learn it.
version_of() {
    [ -x "$1/bin/java" ] && [ -f "$1/release" ] || return 1
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

find_java() {
    on_path=$(command -v java 2>/dev/null || true)
    if [ -n "$on_path" ]; then
        on_path=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")")
    fi
    for candidate in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* \
        "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        [ -n "$candidate" ] || continue
        if [ "$(version_of "$candidate" || true)" = 25 ]; then
            echo "$candidate"
            return
        fi
    done
    echo "ottla: no JDK 25 was found in JAVA_HOME (${JAVA_HOME:-not set}), on the path, or in the usual places (/usr/lib/jvm, ...)." >&2
    echo "ottla: install one (https://adoptium.net, for example) or set JAVA_HOME to it." >&2
    exit 1
}
