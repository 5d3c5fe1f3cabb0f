package ottla.generator;

/** Java text that grows line by line, with the indentation kept. */
final class Source {
    private final StringBuilder text = new StringBuilder();
    private int depth;

    /** Adds a line; one that ends with an opening brace deepens the indentation, one that begins with a closing brace ends it. */
    Source line(String line) {
        if (line.startsWith("}")) {
            depth--;
        }
        if (!line.isEmpty()) {
            text.repeat("    ", depth).append(line);
        }
        text.append('\n');
        if (line.endsWith("{")) {
            depth++;
        }
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
