// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import java.util.Optional;

/**
 * What the user decides where the format says more than the model, or less.
 *
 * @param initRouters write new routers of zeros where the model has none
 * @param tokenType   which tokens the exported model may skip; what the model says where it is empty
 */
public record ExportOptions(boolean initRouters, Optional<TokenType> tokenType) {
    /** Nothing but what the model says. */
    public static final ExportOptions NONE = new ExportOptions(false, Optional.empty());
}
