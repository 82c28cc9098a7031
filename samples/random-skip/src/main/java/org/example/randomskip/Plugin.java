// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassProvider;
import java.util.List;

/** What this jar offers. META-INF/services names this class, which is how depthc finds it. */
public final class Plugin implements PassProvider {
    @Override
    public List<Pass<?>> passes() {
        return List.of(new RandomLayersPass(), new RandomSkipPass(), new DropBranchPass());
    }
}
