// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks the files of {@code verifier/}. Behind a line stands {@code // error: text} for each error that is expected there, with
 * text that is part of its message; on a line of its own the comment is about an error of the graph, which has no line. Other
 * errors are failures.
 */
class VerifierTextTest {
    private static final String MARK = "// error: ";

    private record Expected(int line, String text) {
        boolean matches(Diagnostic d) {
            return d.location().line() == line && d.message().contains(text);
        }
    }

    static Stream<Path> files() throws IOException, URISyntaxException {
        try (Stream<Path> list = Files.list(Path.of(VerifierTextTest.class.getResource("/verifier").toURI()))) {
            return list.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void errorsAreThoseOnTheLines(Path file) throws IOException {
        Parser.Parsed parsed = Parser.parse(SourceText.read(file), BuiltinOps.SET);
        var model = parsed.model(WeightStore.EMPTY);
        var found = new ArrayList<>(Verifier.check(model, BuiltinOps.SET));
        for (Expected e : expected(Files.readAllLines(file))) {
            Diagnostic match = found.stream().filter(e::matches).findFirst()
                    .orElseGet(() -> fail("expected at line " + e.line() + ": " + e.text() + "\nbut found:\n" + lines(found)));
            found.remove(match);
        }
        assertTrue(found.isEmpty(), () -> "not expected:\n" + lines(found));
    }

    private static List<Expected> expected(List<String> lines) {
        var expected = new ArrayList<Expected>();
        for (int i = 0; i < lines.size(); i++) {
            String[] parts = lines.get(i).split(MARK);
            for (int p = 1; p < parts.length; p++) {
                expected.add(new Expected(parts[0].isBlank() ? 0 : i + 1, parts[p].strip()));
            }
        }
        return expected;
    }

    private static String lines(List<Diagnostic> found) {
        return String.join("\n", found.stream().map(Diagnostic::toString).toList());
    }
}
