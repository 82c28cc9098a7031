// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;

/** What a template can call. */
@FunctionalInterface
interface Function {
    Object call(List<Object> arguments, Map<String, Object> named);
}
