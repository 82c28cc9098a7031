// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModSelect;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Rule: within a region a symbolic dimension is introduced once. */
final class Symbols {
    private final Set<String> known;

    Symbols(Region region) {
        known = new HashSet<>(of(region.params().stream().map(p -> p.type()).toList()));
    }

    void check(Node node, List<Diagnostic> errors) {
        Set<String> introduced = of(node.results().stream().map(r -> r.type()).toList());
        introduced.removeAll(of(node.operandTypes()));
        if (node.kind() instanceof ModSelect select) {
            introduced.add(select.kept());
        }
        if (node.kind() instanceof ModOverlap overlap) {
            introduced.add(overlap.both());
        }
        for (String symbol : introduced) {
            if (!known.add(symbol)) {
                errors.add(Verifier.error(node, "introduces the dimension " + symbol + " again, expected a new name"));
            }
        }
    }

    private static Set<String> of(Collection<Type> types) {
        var symbols = new LinkedHashSet<String>();
        for (Type type : types) {
            List<Dim> dims = switch (type) {
                case TensorType t -> t.shape();
                case RowsType r -> List.of(r.tokens());
                case CacheType c -> List.of();
            };
            for (Dim dim : dims) {
                if (dim instanceof Dim.Symbol(String name)) {
                    symbols.add(name);
                }
            }
        }
        return symbols;
    }
}
