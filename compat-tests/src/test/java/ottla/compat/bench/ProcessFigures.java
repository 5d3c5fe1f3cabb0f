package ottla.compat.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import ottla.compat.BrokerProcess;
import ottla.compat.NodeProcess;

/** What Linux tells of a broker's process. */
record ProcessFigures(double residentMb, long openFiles, long mappedDataFiles) {
    static ProcessFigures of(BrokerProcess broker) throws IOException {
        return of(broker.pid(), broker.dataDirectory());
    }

    static ProcessFigures of(NodeProcess node) throws IOException {
        return of(node.pid(), node.dataDirectory());
    }

    private static ProcessFigures of(long pid, Path dataDirectory) throws IOException {
        Path process = Path.of("/proc", String.valueOf(pid));
        String resident = Files.readAllLines(process.resolve("status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        List<String> maps = Files.readAllLines(process.resolve("maps"));
        String data = dataDirectory.toString();
        try (Stream<Path> files = Files.list(process.resolve("fd"))) {
            return new ProcessFigures(
                    Double.parseDouble(resident.replaceAll("[^0-9]", "")) / 1024,
                    files.count(),
                    maps.stream().filter(line -> line.contains(data)).count());
        }
    }
}
