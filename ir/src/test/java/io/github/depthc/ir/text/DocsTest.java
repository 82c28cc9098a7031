// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What {@code docs/ir.md} says is so. */
class DocsTest {
    /** Rows that do not list attributes: the weight itself, and those of another row. */
    private static final Set<String> ATTRIBUTES_IN_WORDS = Set.of("weight", "attention_probs");

    private final String docs = read();

    @Test
    void theExampleIsAValidModelInCanonicalForm() {
        String example = docs.substring(docs.indexOf("```mir\n") + 7);
        example = example.substring(0, example.indexOf("```"));
        Model model = Parser.model(new SourceText("docs/ir.md", example), BuiltinOps.SET, WeightStore.EMPTY);
        assertEquals(example, Printer.print(model));
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
    }

    @Test
    void everyOpIsInTheTableWithItsAttributes() {
        for (OpDef def : BuiltinOps.SET.all()) {
            String row = docs.lines().filter(l -> l.startsWith("| `") && l.split(" \\| ")[0].contains("`" + def.mnemonic() + "`"))
                    .reduce((a, b) -> b).orElse("");
            assertTrue(!row.isEmpty(), def.mnemonic() + " is not in the table");
            if (!ATTRIBUTES_IN_WORDS.contains(def.mnemonic())) {
                List<String> attributes = Arrays.stream(def.kind().getRecordComponents()).map(RecordComponent::getName).map(n -> "`" + n + "`").toList();
                assertEquals(String.join(", ", attributes), row.split("\\|")[2].strip(), def.mnemonic());
            }
        }
    }

    private static String read() {
        try {
            return Files.readString(Path.of(System.getProperty("depthc.root"), "docs", "ir.md"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
