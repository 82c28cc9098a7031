// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Nearest;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** The passes and op kinds that pipelines and the text form know. */
public final class PassRegistry {
    private static final int MOST_PROBLEMS = 100;

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
        var providers = new ArrayList<PassProvider>();
        var problems = new ArrayList<String>();
        Iterator<PassProvider> found = ServiceLoader.load(PassProvider.class).iterator();
        while (problems.size() < MOST_PROBLEMS) {
            try {
                if (!found.hasNext()) {
                    break;
                }
                providers.add(found.next());
            } catch (ServiceConfigurationError e) {
                problems.add("a pass plug-in is left out: " + e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause()));
            }
        }
        return of(providers, problems);
    }

    /** What these providers offer; two passes of one name are an {@link InputException} that names both. */
    public static PassRegistry of(Collection<? extends PassProvider> providers) {
        return of(providers, List.of());
    }

    private static PassRegistry of(Collection<? extends PassProvider> providers, List<String> problems) {
        var passes = new LinkedHashMap<String, Pass<?>>();
        OpSet ops = BuiltinOps.SET;
        for (PassProvider provider : providers) {
            ops = ops.with(provider.ops());
            for (Pass<?> pass : provider.passes()) {
                Pass<?> other = passes.putIfAbsent(pass.spec().name(), pass);
                if (other != null) {
                    throw new InputException("the pass '" + pass.spec().name() + "' is offered twice: by " + origin(other) + " and by "
                            + origin(pass));
                }
            }
        }
        return new PassRegistry(passes, ops, problems);
    }

    /** Providers that could not be loaded, a sentence each. */
    public List<String> problems() {
        return problems;
    }

    /** A pass's class and the jar or folder that has it. */
    static String origin(Pass<?> pass) {
        CodeSource source = pass.getClass().getProtectionDomain().getCodeSource();
        return pass.getClass().getName() + (source == null ? "" : " (" + source.getLocation().getPath() + ")");
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
