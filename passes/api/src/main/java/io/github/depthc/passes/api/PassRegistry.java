// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Nearest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** The passes and op kinds that pipelines and the text form know. */
public final class PassRegistry {
    private final Map<String, Pass<?>> passes;
    private final OpSet ops;

    private PassRegistry(Map<String, Pass<?>> passes, OpSet ops) {
        this.passes = passes;
        this.ops = ops;
    }

    /** Everything that providers on the class path offer. */
    public static PassRegistry load() {
        return of(ServiceLoader.load(PassProvider.class).stream().map(ServiceLoader.Provider::get).toList());
    }

    /** What these providers offer; two passes of one name are an {@link InputException} that names both. */
    public static PassRegistry of(Collection<? extends PassProvider> providers) {
        var passes = new LinkedHashMap<String, Pass<?>>();
        OpSet ops = BuiltinOps.SET;
        for (PassProvider provider : providers) {
            ops = ops.with(provider.ops());
            for (Pass<?> pass : provider.passes()) {
                Pass<?> other = passes.putIfAbsent(pass.spec().name(), pass);
                if (other != null) {
                    throw new InputException("the pass '" + pass.spec().name() + "' is offered twice: by "
                            + other.getClass().getName() + " and by " + pass.getClass().getName());
                }
            }
        }
        return new PassRegistry(passes, ops);
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
