// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Table;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassRegistry;
import java.util.List;

/** The passes that pipelines may have, for people and for programs. */
public final class PassList {
    private PassList() {
    }

    /** Prints names, summaries and options. */
    public static void print(PassRegistry registry, Console console) {
        for (Pass<?> pass : registry.all()) {
            console.line(pass.spec().name());
            console.line("    " + pass.spec().summary());
            List<OptionInfo> options = OptionInfo.of(pass.spec());
            var table = new Table(4).left("").left("").left("");
            options.forEach(o -> row(o, "", table));
            table.print(console);
        }
    }

    private static void row(OptionInfo o, String indent, Table table) {
        table.row(indent + o.name() + "=" + o.defaultValue(), o.description().orElse(""), "(" + o.type() + ")");
        o.parts().forEach(part -> row(part, indent + "  ", table));
    }

    /** The same as one JSON object. */
    public static void printJson(PassRegistry registry, Console console) {
        ObjectNode all = JsonOutput.object();
        ArrayNode passes = all.putArray("passes");
        for (Pass<?> pass : registry.all()) {
            ObjectNode p = passes.addObject().put("name", pass.spec().name()).put("summary", pass.spec().summary());
            ArrayNode options = p.putArray("options");
            OptionInfo.of(pass.spec()).forEach(o -> put(o, options.addObject(), true));
        }
        JsonOutput.print(console, all);
    }

    private static void put(OptionInfo o, ObjectNode option, boolean hasDefault) {
        option.put("name", o.name()).put("type", o.type());
        if (hasDefault) {
            option.put("default", o.defaultValue());
        }
        o.description().ifPresent(d -> option.put("description", d));
        if (!o.parts().isEmpty()) {
            ArrayNode parts = option.putArray("parts");
            o.parts().forEach(part -> put(part, parts.addObject(), false));
        }
    }
}
