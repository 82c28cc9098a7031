// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.text.Nearest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The passes and op kinds that pipelines and the text form know. */
public final class PassRegistry {
    private final Map<String, Pass<?>> passes;
    private final OpSet ops;
    private final List<String> problems;

    private PassRegistry(Map<String, Pass<?>> passes, OpSet ops, List<String> problems) {
        this.passes = passes;
        this.ops = ops;
        this.problems = List.copyOf(problems);
    }

    /** Everything that providers on the class path offer; one that cannot be loaded is a {@link #problems problem}, the rest loads. */
    public static PassRegistry load() {
        return load(List.of());
    }

    /**
     * Everything that providers on the class path and in these jars offer. Jars that cannot be loaded are {@link #problems problems};
     * those that can stay open as long as the process runs. One that is given twice is an {@link InputException}; one that is also on the class path of another
     * ({@code Class-Path} of its manifest) is loaded once.
     */
    public static PassRegistry load(List<Path> jars) {
        var plugins = new Plugins();
        plugins.classPath();
        plugins.jars(jars);
        return of(plugins.offers(), plugins.problems());
    }

    /** What these providers offer; two passes or op kinds of one name are an {@link InputException} that names both and their jars. */
    public static PassRegistry of(Collection<? extends PassProvider> providers) {
        return of(providers.stream().map(p -> new Plugins.Offer(p.passes(), p.ops())).toList(), List.of());
    }

    private static PassRegistry of(List<Plugins.Offer> offers, List<String> problems) {
        var passes = new LinkedHashMap<String, Pass<?>>();
        var ops = new ArrayList<OpDef>();
        for (Plugins.Offer offer : offers) {
            ops.addAll(offer.ops());
            for (Pass<?> pass : offer.passes()) {
                Pass<?> other = passes.putIfAbsent(pass.spec().name(), pass);
                if (other != null) {
                    throw new InputException("the pass '" + pass.spec().name() + "' is offered twice: by " + Origin.of(other.getClass())
                            + " and by " + Origin.of(pass.getClass()) + "; rename one, or leave one out");
                }
            }
        }
        return new PassRegistry(passes, BuiltinOps.SET.with(ops), problems);
    }

    /** Plug-ins that could not be loaded, a sentence each. */
    public List<String> problems() {
        return problems;
    }

    /** The pass of this name; {@link InputException} with the nearest names when there is none. */
    public Pass<?> find(String name) {
        Pass<?> pass = passes.get(name);
        if (pass == null) {
            throw new InputException("unknown pass '" + name + "'" + Nearest.hint(name, passes.keySet()));
        }
        return pass;
    }

    /** All passes, in the order their providers give them. */
    public List<Pass<?>> all() {
        return new ArrayList<>(passes.values());
    }

    /** Built-in op kinds and those of the providers. */
    public OpSet ops() {
        return ops;
    }
}
