// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;

/** What a template can call. */
@FunctionalInterface
interface Function {
    Object call(List<Object> arguments, Map<String, Object> named);

    /** One that is there under a name in Python, and not here. */
    static Function missing(String name) {
        return (arguments, named) -> {
            throw new TemplateException(name + " is not there here");
        };
    }

    /** One with parameters; each call is told what it is given. */
    static Function of(String name, String parameters, java.util.function.Function<Given, Object> body) {
        Signature signature = Signature.of(parameters);
        return (arguments, named) -> body.apply(signature.bind(name, arguments, named));
    }
}
