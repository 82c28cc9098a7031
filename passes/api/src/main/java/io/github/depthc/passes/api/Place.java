// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.text.Cursor;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import java.util.Map;
import java.util.Optional;

/** Where a pass of a pipeline and its options stand in the text that it was read from, if it was. */
public final class Place {
    /** Of a pass that was not read from a text. */
    static final Place NONE = new Place(Optional.empty(), Location.NONE, Map.of());

    private final Optional<SourceText> text;
    private final Location pass;
    private final Map<String, Location> options;

    private Place(Optional<SourceText> text, Location pass, Map<String, Location> options) {
        this.text = text;
        this.pass = pass;
        this.options = Map.copyOf(options);
    }

    /**
     * A place.
     *
     * @param pass    of the name of the pass
     * @param options of the values that the text has, by the way to them
     */
    static Place of(SourceText text, Location pass, Map<String, Location> options) {
        return new Place(Optional.of(text), pass, options);
    }

    /** Of the name of the pass. */
    public Location pass() {
        return pass;
    }

    /** Of the value of an option, or of what has it in it; where the text does not have it, of the name of the pass. */
    public Location option(String way) {
        for (String of = way; !of.isEmpty(); of = of.substring(0, Math.max(0, Math.max(of.lastIndexOf('.'), of.lastIndexOf('['))))) {
            if (options.containsKey(of)) {
                return options.get(of);
            }
        }
        return pass;
    }

    /** The same error with its place, if one is known. */
    InputException located(String name, InputException e) {
        if (text.isEmpty() || e instanceof TextException) {
            return e;
        }
        Location at = e instanceof OptionException o ? option(o.option()) : pass;
        TextException located = new Cursor(text.get()).error(at, name + ": " + e.getMessage());
        located.initCause(e);
        return located;
    }
}
