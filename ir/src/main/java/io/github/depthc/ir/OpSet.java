// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The op kinds a reader of the text form knows. */
public final class OpSet {
    private final Map<String, OpDef> defs;

    private OpSet(Map<String, OpDef> defs) {
        this.defs = defs;
    }

    /** The kinds of the given definitions; two of one mnemonic are an error that names both classes. */
    public static OpSet of(List<OpDef> definitions) {
        var map = new LinkedHashMap<String, OpDef>();
        for (OpDef def : definitions) {
            OpDef other = map.putIfAbsent(def.mnemonic(), def);
            if (other != null) {
                throw new InputException("op kind '" + def.mnemonic() + "' is defined twice: by " + Origin.of(other.kind())
                        + " and by " + Origin.of(def.kind()));
            }
        }
        return new OpSet(map);
    }

    /** This set and more kinds. */
    public OpSet with(Collection<OpDef> more) {
        var all = new java.util.ArrayList<>(defs.values());
        all.addAll(more);
        return of(all);
    }

    /** The definition of a mnemonic, or null. */
    public OpDef find(String mnemonic) {
        return defs.get(mnemonic);
    }

    public Collection<OpDef> all() {
        return defs.values();
    }
}
