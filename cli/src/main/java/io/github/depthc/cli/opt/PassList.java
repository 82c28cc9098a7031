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
            options.forEach(o -> table.row(o.name() + "=" + o.defaultValue(), o.description().orElse(""), "(" + o.type() + ")"));
            table.print(console);
        }
    }

    /** The same as one JSON object. */
    public static void printJson(PassRegistry registry, Console console) {
        ObjectNode all = JsonOutput.object();
        ArrayNode passes = all.putArray("passes");
        for (Pass<?> pass : registry.all()) {
            ObjectNode p = passes.addObject().put("name", pass.spec().name()).put("summary", pass.spec().summary());
            ArrayNode options = p.putArray("options");
            for (OptionInfo o : OptionInfo.of(pass.spec())) {
                ObjectNode option = options.addObject().put("name", o.name()).put("type", o.type()).put("default", o.defaultValue());
                o.description().ifPresent(d -> option.put("description", d));
            }
        }
        JsonOutput.print(console, all);
    }
}
