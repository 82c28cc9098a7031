// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;

/** Models from texts. */
final class Graphs {
    private Graphs() {
    }

    static Model model(String text, OpSet ops) {
        Parser.Parsed parsed = Parser.parse(new SourceText("test.mir", text), ops);
        return new Model(parsed.info().orElse(ModelInfo.NONE), parsed.graph(), WeightStore.EMPTY);
    }

    /** The nodes and yields of a printed graph, a line each. */
    static String body(Model model) {
        String text = Printer.print(model.graph());
        return text.substring(text.indexOf('\n') + 1, text.lastIndexOf('}')).replaceAll("(?m)^  ", "").strip();
    }
}
